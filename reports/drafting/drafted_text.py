"""Drafts the sections and next tasks of a review from its document and the phrases alone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from figures.formatting import tier_name
from figures.measures import online_labels
from figures.periods import Period, PeriodError
from figures.summary import Summary
from reports.review_text import bound_text, phrase_renderer
from reports.review_text.facts import TOTAL, Fact
from reports.review_text.phrase_renderer import Phrase, PhraseSubject

from .queries import TASKS


def draft_sections(
    doc: Mapping[str, Any], known: Mapping[str, Fact], phrases: Iterable[Phrase]
) -> dict[str, str]:
    """Stored text (reports.review_text.bound_text) by section key, for the sections of which anything can be said."""
    told = phrase_renderer.render_sections(phrases, known, phrase_subjects(doc), review_words(doc))
    return {
        key: bound_text.write_paragraphs(paragraphs)
        for key, paragraphs in told.items()
        if key != TASKS and paragraphs
    }


def proposed_tasks(doc: Mapping[str, Any], known: Mapping[str, Fact], phrases: Iterable[Phrase]) -> list[str]:
    """Tasks that the figures ask for, as plain text."""
    asked = [one for one in phrases if one.section == TASKS]
    return [
        bound_text.paragraph_text(runs)
        for runs in phrase_renderer.render_sentences(asked, known, phrase_subjects(doc), review_words(doc))
    ]


def try_phrase(doc: Mapping[str, Any], known: Mapping[str, Fact], phrase: Phrase) -> list[str]:
    """What one phrase by itself says of a document, as its reader sees it."""
    return [
        bound_text.paragraph_text(runs)
        for _, runs in phrase_renderer.choose_phrases(
            [phrase], known, phrase_subjects(doc), review_words(doc)
        )
    ]


def review_words(doc: Mapping[str, Any]) -> dict[str, str]:
    """The words of a review that phrases may name."""
    period = Period.parse(doc["review"]["period"])
    end = date.fromisoformat(doc["review"]["to"])
    return {
        "đơn vị": doc["review"]["unit_name"],
        "kỳ": period.label,
        "cùng kỳ": _label(period, -12),
        "kỳ tới": _label(period, len(period.months)),
        "mức độ": online_labels(end)["online"],
    }


def phrase_subjects(doc: Mapping[str, Any]) -> dict[str, Sequence[PhraseSubject]]:
    """What phrases are said of: the tiers of a document, all together, its indicators by group. Where there is one
    tier, it is all together; a unit that reports alone is called by its name.
    """
    figures = Summary.from_dict(doc["figures"])
    alone = len(figures.rows) == 1 and figures.rows[0].name == figures.unit_name
    names = {tier: figures.unit_name if alone else tier_name(tier).lower() for tier, _ in figures.tiers}
    tiers = [PhraseSubject(tier, name) for tier, name in names.items()]
    unit = figures.unit_name
    whole = (
        [PhraseSubject(TOTAL, unit if unit.lower().startswith("cả ") else f"cả {unit}")]
        if len(tiers) > 1
        else []
    )
    found: dict[str, list[PhraseSubject]] = {"tier": tiers, "scope": [*tiers, *whole]}
    for one in doc["indicators"]:
        told = PhraseSubject(one["code"], one["name"], {"đơn vị tính": one["counted_in"]})
        found.setdefault(f"indicator:{one['group']}", []).append(told)
    return found


def _label(period: Period, months: int) -> str:
    """The name of the period so many months on; of none where the calendar ends."""
    try:
        return period.shifted(months).label
    except PeriodError:
        return "kỳ sau" if months > 0 else "cùng kỳ"
