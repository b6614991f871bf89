"""Outlines and phrases, the draft text generated from them, and the facts that a text may quote."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from core.text import fold
from figures.formatting import tier_name
from figures.measures import online_labels
from figures.periods import Period, PeriodError
from figures.summary import Summary
from ledger.models import Entry
from records.calendar.queries import stored_calendar
from records.models import Indicator
from reports import document
from reports.models import Outline, Review, ReviewSection, StoredPhrase
from reports.review_access import log_subject
from reports.review_text import bound_text
from reports.review_text import phrases as review_text_phrases
from reports.review_text.facts import TOTAL, Fact
from reports.review_text.phrases import Phrase, PhraseSubject
from units.models import Unit

# The blocks that may follow a section, with their names.
BLOCKS = {
    "": "Không có",
    "channels": "Biểu đồ, bảng tiếp nhận và giải quyết hồ sơ, so với cùng kỳ và chỉ tiêu, đơn vị thiếu báo cáo",
    "indicators": "Bảng chỉ tiêu",
    "outcomes": "Bảng nhiệm vụ kỳ trước và kết quả",
    "tasks": "Nhiệm vụ kỳ tới",
}


@dataclass(frozen=True)
class OutlineSectionData:
    """A section of an outline as data; `responsible` is a unit's id, `due_days` are days after a period's end."""

    heading: str
    level: int = 1
    key: str = ""
    block: str = ""
    responsible: int | None = None
    due_days: int | None = None


@dataclass(frozen=True)
class OutlineInForce:
    """The outline that applies to a unit and year; `of` is None for the bundled one."""

    sections: tuple[OutlineSectionData, ...]
    of: Outline | None = None


def outline_for(unit: Unit, year: int) -> OutlineInForce:
    """The newest outline of the unit up to a year, else that of the nearest unit above it. Two queries."""
    above = [unit.pk, *reversed(unit.ancestor_ids())]
    stored = Outline.objects.filter(unit__in=above, year__lte=year).select_related("unit")
    nearest = min(stored, key=lambda outline: (above.index(outline.unit_id), -outline.year), default=None)
    if nearest is None:
        return OutlineInForce(default_sections())
    rows = nearest.sections.values_list("heading", "level", "key", "block", "responsible", "due_days")
    return OutlineInForce(tuple(OutlineSectionData(*row) for row in rows), nearest)


def sections_for_review(unit: Unit, period: Period) -> list[dict]:
    """The sections of a new review, for `open_draft`. Responsible units of an inherited outline that are not within
    the unit are left out.
    """
    end = stored_calendar().bounds(period)[1]
    sections = outline_for(unit, period.last.year).sections
    within = _within(unit, {section.responsible for section in sections if section.responsible})
    return [
        {
            "key": section.key,
            "level": section.level,
            "heading": section_heading(section.heading, period),
            "block": section.block,
            "responsible": section.responsible if section.responsible in within else None,
            "due_on": section_due_on(section, end),
        }
        for section in sections
    ]


def section_due_on(section: OutlineSectionData, end: date) -> date | None:
    """The day by which a section's content is due for a period that ends on a day."""
    return None if section.due_days is None else end + timedelta(days=section.due_days)


def section_heading(text: str, period: Period) -> str:
    """A heading for a period: "KỲ TỚI" becomes the next period's name if it has one."""
    after = period.last.year + 1
    names = {"H1": "6 THÁNG CUỐI NĂM", "H2": f"6 THÁNG ĐẦU NĂM {after}"}
    named = f"NĂM {after}" if period.kind == "year" else names.get(period.code[5:], "")
    return text.replace("KỲ TỚI", named) if named else text


def responsible_offices(unit: Unit, on: date) -> list[Unit]:
    """Who may be responsible for a section: the unit and the units directly below it on a day."""
    below = Unit.objects.filter(parent=unit).active_on(on).order_by("kind", "name")
    return [unit, *below]


def drafts_in_year(unit: Unit, year: int) -> int:
    """How many reviews of the year the unit has: a changed outline does not affect them."""
    return Review.objects.filter(unit=unit, period__startswith=str(year)).count()


@lru_cache
def default_sections() -> tuple[OutlineSectionData, ...]:
    """The bundled outline."""
    path = Path(settings.BASE_DIR) / "fixtures" / "outline.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["sections"]
    return tuple(replace(OutlineSectionData(row["heading"]), **row) for row in rows)


def _within(unit: Unit, unit_ids: set[int]) -> set[int]:
    """The ids of units that are the unit or below it."""
    if not unit_ids:
        return set()
    rows = Unit.objects.filter(pk__in=unit_ids, path__startswith=unit.path)
    return set(rows.values_list("pk", flat=True))


# The section whose sentences are proposed as tasks of the next period.
TASKS = "nhiem-vu"
STEP = 10


@dataclass(frozen=True)
class PhraseTemplate:
    """A phrase as written. `bundled`: fixtures/phrases.json has its key; `own`: an administrator wrote it."""

    key: str
    section: str
    slot: str
    text: str
    of: str = ""
    conditions: str = ""
    begins_paragraph: bool = False
    joined: str = ""
    in_use: bool = True
    order: int = 0
    bundled: bool = False
    own: bool = False

    def parsed(self) -> Phrase:
        """The parsed phrase. Raises reports.review_text.phrases.PhraseError."""
        return Phrase(
            self.section,
            self.slot,
            review_text_phrases.parse_phrase(self.text),
            review_text_phrases.parse_conditions(self.conditions),
            self.of,
            self.begins_paragraph,
            self.joined,
        )


def phrase_templates() -> list[PhraseTemplate]:
    """All phrases in their order. One query."""
    templates = {template.key: template for template in _bundled()}
    for row in StoredPhrase.objects.all():
        written = {name: getattr(row, name) for name in _FIELDS}
        templates[row.key] = PhraseTemplate(**written, bundled=row.key in templates, own=True)
    return sorted(templates.values(), key=lambda template: (template.order, template.key))


def phrase_template(key: str) -> PhraseTemplate | None:
    return next((template for template in phrase_templates() if template.key == key), None)


def phrases_in_use() -> list[Phrase]:
    """The phrases from which drafts are generated."""
    return [template.parsed() for template in phrase_templates() if template.in_use]


@lru_cache
def news_phrases() -> tuple[Phrase, ...]:
    """The phrases of the news text. Administrators cannot change them: they describe frozen reviews too."""
    return tuple(template.parsed() for template in _read("news.json"))


def section_names(*, tasks: bool = False) -> list[tuple[str, str]]:
    """Key and heading of the sections that phrases may belong to; with `tasks` also of proposed tasks."""
    names = [(default_section.key, default_section.heading) for default_section in default_sections()]
    return [*names, (TASKS, "Nhiệm vụ đề xuất cho kỳ tới")] if tasks else names


def phrase_scopes() -> list[tuple[str, str]]:
    """Key and name of the possible subjects of a phrase. One query."""
    groups = {
        template.of.partition(":")[2] for template in _bundled() if template.of.startswith("indicator:")
    }
    groups |= set(Indicator.objects.values_list("group", flat=True))
    each = [
        (f"indicator:{group}", f"Từng chỉ tiêu của nhóm {group}") for group in sorted(filter(None, groups))
    ]
    return [("", "Cả báo cáo"), ("tier", "Từng cấp"), ("scope", "Từng cấp và chung"), *each]


_FIELDS = ("key", "section", "slot", "text", "of", "conditions", "begins_paragraph", "in_use", "order")


@lru_cache
def _bundled() -> tuple[PhraseTemplate, ...]:
    return _read("phrases.json")


def _read(name: str) -> tuple[PhraseTemplate, ...]:
    """The phrases of a file in fixtures/, in its order."""
    path = Path(settings.BASE_DIR) / "fixtures" / name
    rows = json.loads(path.read_text(encoding="utf-8"))["phrases"]
    names = {"if": "conditions", "paragraph": "begins_paragraph"}
    templates = [
        PhraseTemplate(**{names.get(name, name): value for name, value in row.items()}) for row in rows
    ]
    return tuple(
        replace(template, order=place * STEP, bundled=True) for place, template in enumerate(templates, 1)
    )


# Search results: the whole unit before its parts, current figures before earlier ones.
_ORDER = (
    "now", "change", "target", "gap", "indicator", "completeness", "missing", "tasks", "before", "same", "left_out",
    "unit",
)  # fmt: skip
UNKNOWN_TEXT = "—"


@dataclass(frozen=True)
class Quotable:
    """A fact with its key; `token` represents it in stored text."""

    key: str
    fact: Fact

    @property
    def token(self) -> str:
        return bound_text.token(self.key, self.fact.text)

    def as_dict(self) -> dict[str, Any]:
        """The fact for the editor's script."""
        names = ("text", "name", "source", "formula", "link")
        return {"key": self.key} | {name: getattr(self.fact, name) for name in names}


def review_facts(review: Review) -> dict[str, Fact]:
    """All facts of a review from current figures."""
    return document.document_facts(document.build_document(review, demo=False))


def search_facts(facts: Mapping[str, Fact], query: str) -> list[Quotable]:
    """The reported facts whose name, text or key contains every word of the query, without regard to case and
    diacritics.
    """
    words = fold(query).split()
    matches = [
        Quotable(key, fact)
        for key, fact in facts.items()
        if fact.text != UNKNOWN_TEXT and _holds(f"{fact.name} {fact.text} {key}", words)
    ]
    return sorted(matches, key=lambda match: _rank(match.key))


def facts_named(facts: Mapping[str, Fact], keys: Iterable[str]) -> list[Quotable]:
    """The facts of those keys that exist."""
    return [Quotable(key, facts[key]) for key in dict.fromkeys(keys) if key in facts]


def section_version(section: ReviewSection) -> str:
    """A short hash of a section's text, for the optimistic lock of its edit page."""
    return document.document_sha256([section.heading, section.body])[:16]


def last_change(review: Review) -> Entry | None:
    """The last log entry about the review."""
    return Entry.objects.filter(subject=log_subject(review)).order_by("-sequence").first()


def _holds(text: str, words: Iterable[str]) -> bool:
    folded = fold(text)
    return all(word in folded for word in words)


def _rank(key: str) -> int:
    first = key.split(".", 1)[0]
    return _ORDER.index(first) if first in _ORDER else len(_ORDER)


def draft_sections(
    doc: Mapping[str, Any], facts: Mapping[str, Fact], phrases: Iterable[Phrase]
) -> dict[str, str]:
    """Bound text by section key, for the sections with at least one phrase that applies."""
    rendered = review_text_phrases.render_sections(phrases, facts, phrase_subjects(doc), review_words(doc))
    return {
        key: bound_text.write_paragraphs(paragraphs)
        for key, paragraphs in rendered.items()
        if key != TASKS and paragraphs
    }


def proposed_tasks(doc: Mapping[str, Any], facts: Mapping[str, Fact], phrases: Iterable[Phrase]) -> list[str]:
    """Tasks proposed from the figures, as plain text."""
    task_phrases = [phrase for phrase in phrases if phrase.section == TASKS]
    return [
        bound_text.paragraph_text(runs)
        for runs in review_text_phrases.render_sentences(
            task_phrases, facts, phrase_subjects(doc), review_words(doc)
        )
    ]


def try_phrase(doc: Mapping[str, Any], facts: Mapping[str, Fact], phrase: Phrase) -> list[str]:
    """The sentences of one phrase for a document, as plain text."""
    return [
        bound_text.paragraph_text(runs)
        for _, runs in review_text_phrases.choose_phrases(
            [phrase], facts, phrase_subjects(doc), review_words(doc)
        )
    ]


def review_words(doc: Mapping[str, Any]) -> dict[str, str]:
    """The words of a review that phrases may use."""
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
    """The subjects of phrases: the tiers of a document, their total if there are several, its indicators by group. A
    unit that reports alone has its own name.
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
    subjects: dict[str, list[PhraseSubject]] = {"tier": tiers, "scope": [*tiers, *whole]}
    for indicator in doc["indicators"]:
        subject = PhraseSubject(
            indicator["code"], indicator["name"], {"đơn vị tính": indicator["counted_in"]}
        )
        subjects.setdefault(f"indicator:{indicator['group']}", []).append(subject)
    return subjects


def _label(period: Period, months: int) -> str:
    """The name of the period so many months later; a general word beyond the calendar."""
    try:
        return period.shifted(months).label
    except PeriodError:
        return "kỳ sau" if months > 0 else "cùng kỳ"
