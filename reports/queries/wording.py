"""What is drafted of a review from its figures: the text of its sections and the tasks of the next period. Answered
from a document (reports.queries.document) and the phrases alone, the same every time.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from figures import bound, saying
from figures.facts import TOTAL, Fact
from figures.measures import online_labels
from figures.periods import Period, PeriodError
from figures.saying import Phrase, Said
from figures.summary import Summary
from figures.writing import tier_name

from .phrases import TASKS


def bodies(doc: Mapping[str, Any], known: Mapping[str, Fact], phrases: Iterable[Phrase]) -> dict[str, str]:
    """Stored text (figures.bound) by section key, for the sections of which anything can be said."""
    told = saying.text(phrases, known, said_of(doc), words(doc))
    return {key: bound.write(paragraphs) for key, paragraphs in told.items() if key != TASKS and paragraphs}


def proposals(doc: Mapping[str, Any], known: Mapping[str, Fact], phrases: Iterable[Phrase]) -> list[str]:
    """Tasks that the figures ask for, as plain text."""
    asked = [one for one in phrases if one.section == TASKS]
    return [bound.plain_of(runs) for runs in saying.sentences(asked, known, said_of(doc), words(doc))]


def tried(doc: Mapping[str, Any], known: Mapping[str, Fact], phrase: Phrase) -> list[str]:
    """What one phrase by itself says of a document, as its reader sees it."""
    return [bound.plain_of(runs) for _, runs in saying.chosen([phrase], known, said_of(doc), words(doc))]


def words(doc: Mapping[str, Any]) -> dict[str, str]:
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


def said_of(doc: Mapping[str, Any]) -> dict[str, Sequence[Said]]:
    """What phrases are said of: the tiers of a document, all together, its indicators by group. Where there is one
    tier, it is all together; a unit that reports alone is called by its name.
    """
    figures = Summary.from_dict(doc["figures"])
    alone = len(figures.rows) == 1 and figures.rows[0].name == figures.unit_name
    names = {tier: figures.unit_name if alone else tier_name(tier).lower() for tier, _ in figures.tiers}
    tiers = [Said(tier, name) for tier, name in names.items()]
    unit = figures.unit_name
    whole = [Said(TOTAL, unit if unit.lower().startswith("cả ") else f"cả {unit}")] if len(tiers) > 1 else []
    found: dict[str, list[Said]] = {"tier": tiers, "scope": [*tiers, *whole]}
    for one in doc["indicators"]:
        told = Said(one["code"], one["name"], {"đơn vị tính": one["counted_in"]})
        found.setdefault(f"indicator:{one['group']}", []).append(told)
    return found


def _label(period: Period, months: int) -> str:
    """The name of the period so many months on; of none where the calendar ends."""
    try:
        return period.shifted(months).label
    except PeriodError:
        return "kỳ sau" if months > 0 else "cùng kỳ"
