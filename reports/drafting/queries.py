"""The outline and phrases that a review starts with, the draft made of them, and the facts that a text may
quote.
"""

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
from reports.review_text import bound_text
from reports.review_text import phrases as review_text_phrases
from reports.review_text.facts import TOTAL, Fact
from reports.review_text.phrases import Phrase, PhraseSubject
from units.models import Unit

# What may be drawn after a section, with its name.
BLOCKS = {
    "": "Không có",
    "channels": "Biểu đồ, bảng tiếp nhận và giải quyết hồ sơ, so với cùng kỳ và chỉ tiêu, đơn vị thiếu báo cáo",
    "indicators": "Bảng chỉ tiêu",
    "outcomes": "Bảng nhiệm vụ kỳ trước và kết quả",
    "tasks": "Nhiệm vụ kỳ tới",
}


@dataclass(frozen=True)
class OutlineSectionData:
    """A section of an outline as data; `responsible` is the number of a unit, `due_days` counts from a period's end."""

    heading: str
    level: int = 1
    key: str = ""
    block: str = ""
    responsible: int | None = None
    due_days: int | None = None


@dataclass(frozen=True)
class OutlineInForce:
    """The outline that holds for a unit and year; `of` None is that which the product brings along."""

    sections: tuple[OutlineSectionData, ...]
    of: Outline | None = None


def outline_for(unit: Unit, year: int) -> OutlineInForce:
    """The newest outline of the unit up to a year, else that of the nearest unit above it. Two queries."""
    above = [unit.pk, *reversed(unit.ancestor_ids())]
    stored = Outline.objects.filter(unit__in=above, year__lte=year).select_related("unit")
    found = min(stored, key=lambda one: (above.index(one.unit_id), -one.year), default=None)
    if found is None:
        return OutlineInForce(default_sections())
    rows = found.sections.values_list("heading", "level", "key", "block", "responsible", "due_days")
    return OutlineInForce(tuple(OutlineSectionData(*row) for row in rows), found)


def sections_for_review(unit: Unit, period: Period) -> list[dict]:
    """The sections of a new review, as the action takes them. Who is responsible for a unit above is not
    asked by one below it.
    """
    end = stored_calendar().bounds(period)[1]
    found = outline_for(unit, period.last.year).sections
    within = _within(unit, {one.responsible for one in found if one.responsible})
    return [
        {
            "key": one.key,
            "level": one.level,
            "heading": section_heading(one.heading, period),
            "block": one.block,
            "responsible": one.responsible if one.responsible in within else None,
            "due_on": section_due_on(one, end),
        }
        for one in found
    ]


def section_due_on(section: OutlineSectionData, end: date) -> date | None:
    """The day by which a section's content is due for a period that ends on a day."""
    return None if section.due_days is None else end + timedelta(days=section.due_days)


def section_heading(text: str, period: Period) -> str:
    """A heading for a period: "KỲ TỚI" is named where the next one has a name of its own."""
    after = period.last.year + 1
    names = {"H1": "6 THÁNG CUỐI NĂM", "H2": f"6 THÁNG ĐẦU NĂM {after}"}
    named = f"NĂM {after}" if period.kind == "year" else names.get(period.code[5:], "")
    return text.replace("KỲ TỚI", named) if named else text


def responsible_offices(unit: Unit, on: date) -> list[Unit]:
    """Who may be responsible for a section: the unit and those directly below it that are there on a day."""
    below = Unit.objects.filter(parent=unit).active_on(on).order_by("kind", "name")
    return [unit, *below]


def drafts_in_year(unit: Unit, year: int) -> int:
    """How many reviews of the year the unit has begun: a changed outline leaves them as they are."""
    return Review.objects.filter(unit=unit, period__startswith=str(year)).count()


@lru_cache
def default_sections() -> tuple[OutlineSectionData, ...]:
    """The outline that the product brings along."""
    path = Path(settings.BASE_DIR) / "fixtures" / "outline.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["sections"]
    return tuple(replace(OutlineSectionData(row["heading"]), **row) for row in rows)


def _within(unit: Unit, numbers: set[int]) -> set[int]:
    """Those of some units that are the unit or stand below it; no query where none is asked for."""
    if not numbers:
        return set()
    rows = Unit.objects.filter(pk__in=numbers, path__startswith=unit.path)
    return set(rows.values_list("pk", flat=True))


# The section whose sentences are proposed as tasks of the next period.
TASKS = "nhiem-vu"
STEP = 10


@dataclass(frozen=True)
class PhraseTemplate:
    """A phrase as it is written. `brought`: the product has one under this key; `own`: an administrator wrote it."""

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
    brought: bool = False
    own: bool = False

    def parsed(self) -> Phrase:
        """The phrase to be said. Raises reports.review_text.phrases.PhraseError."""
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
    found = {one.key: one for one in _brought()}
    for row in StoredPhrase.objects.all():
        written = {name: getattr(row, name) for name in _FIELDS}
        found[row.key] = PhraseTemplate(**written, brought=row.key in found, own=True)
    return sorted(found.values(), key=lambda one: (one.order, one.key))


def phrase_template(key: str) -> PhraseTemplate | None:
    """The phrase of a key."""
    return next((one for one in phrase_templates() if one.key == key), None)


def phrases_in_use() -> list[Phrase]:
    """The phrases that drafts are made of."""
    return [one.parsed() for one in phrase_templates() if one.in_use]


@lru_cache
def news_phrases() -> tuple[Phrase, ...]:
    """The phrases of the news page. They are said of frozen reviews too, so no administrator writes them."""
    return tuple(one.parsed() for one in _read("news.json"))


def section_names(*, tasks: bool = False) -> list[tuple[str, str]]:
    """The sections that phrases name, key and heading; with `tasks` also that of proposed tasks."""
    names = [(default_section.key, default_section.heading) for default_section in default_sections()]
    return [*names, (TASKS, "Nhiệm vụ đề xuất cho kỳ tới")] if tasks else names


def phrase_scopes() -> list[tuple[str, str]]:
    """What a phrase may be said of: key and name. One query."""
    groups = {one.of.partition(":")[2] for one in _brought() if one.of.startswith("indicator:")}
    groups |= set(Indicator.objects.values_list("group", flat=True))
    each = [(f"indicator:{one}", f"Từng chỉ tiêu của nhóm {one}") for one in sorted(filter(None, groups))]
    return [("", "Cả báo cáo"), ("tier", "Từng cấp"), ("scope", "Từng cấp và chung"), *each]


_FIELDS = ("key", "section", "slot", "text", "of", "conditions", "begins_paragraph", "in_use", "order")


@lru_cache
def _brought() -> tuple[PhraseTemplate, ...]:
    return _read("phrases.json")


def _read(name: str) -> tuple[PhraseTemplate, ...]:
    """The phrases of a file of fixtures/, in its order."""
    path = Path(settings.BASE_DIR) / "fixtures" / name
    rows = json.loads(path.read_text(encoding="utf-8"))["phrases"]
    names = {"if": "conditions", "paragraph": "begins_paragraph"}
    read = [PhraseTemplate(**{names.get(name, name): value for name, value in row.items()}) for row in rows]
    return tuple(replace(one, order=place * STEP, brought=True) for place, one in enumerate(read, 1))


# The figures of the whole unit stand before those of its parts, what is now before what was.
_ORDER = (
    "now", "change", "target", "gap", "indicator", "completeness", "missing", "tasks", "before", "same", "left_out",
    "unit",
)  # fmt: skip
UNKNOWN_TEXT = "—"


@dataclass(frozen=True)
class Quotable:
    """A fact with its key; `token` is what stands for it in stored text."""

    key: str
    fact: Fact

    @property
    def token(self) -> str:
        return bound_text.token(self.key, self.fact.text)

    def as_dict(self) -> dict[str, Any]:
        """What the editor's page is told of it."""
        fact = self.fact
        told = {"key": self.key, "text": fact.text, "name": fact.name, "source": fact.source}
        return {**told, "formula": fact.formula, "link": fact.link}


def review_facts(review: Review) -> dict[str, Fact]:
    """All facts of a review as the database stands now."""
    return document.document_facts(document.build_document(review, demo=False))


def search_facts(known: Mapping[str, Fact], asked: str) -> list[Quotable]:
    """The facts whose name, text or key holds every word asked for, without regard to case and diacritics; what
    nobody reported cannot be quoted and is left out.
    """
    words = fold(asked).split()
    found = [
        Quotable(key, fact)
        for key, fact in known.items()
        if fact.text != UNKNOWN_TEXT and _holds(f"{fact.name} {fact.text} {key}", words)
    ]
    return sorted(found, key=lambda one: _rank(one.key))


def facts_named(known: Mapping[str, Fact], keys: Iterable[str]) -> list[Quotable]:
    """The facts under some keys, as far as they are known."""
    return [Quotable(key, known[key]) for key in dict.fromkeys(keys) if key in known]


def section_version(section: ReviewSection) -> str:
    """A short mark of a section's text, for the lock of its edit page."""
    return document.document_sha256([section.heading, section.body])[:16]


def last_change(review: Review) -> Entry | None:
    """Who changed the review last, and when."""
    return Entry.objects.filter(subject=f"review:{review.pk}").order_by("-sequence").first()


def _holds(text: str, words: Iterable[str]) -> bool:
    folded = fold(text)
    return all(word in folded for word in words)


def _rank(key: str) -> int:
    first = key.split(".", 1)[0]
    return _ORDER.index(first) if first in _ORDER else len(_ORDER)


def draft_sections(
    doc: Mapping[str, Any], known: Mapping[str, Fact], phrases: Iterable[Phrase]
) -> dict[str, str]:
    """Stored text (reports.review_text.bound_text) by section key, for the sections of which anything can be said."""
    told = review_text_phrases.render_sections(phrases, known, phrase_subjects(doc), review_words(doc))
    return {
        key: bound_text.write_paragraphs(paragraphs)
        for key, paragraphs in told.items()
        if key != TASKS and paragraphs
    }


def proposed_tasks(doc: Mapping[str, Any], known: Mapping[str, Fact], phrases: Iterable[Phrase]) -> list[str]:
    """Tasks that the figures ask for, as plain text."""
    asked = [phrase for phrase in phrases if phrase.section == TASKS]
    return [
        bound_text.paragraph_text(runs)
        for runs in review_text_phrases.render_sentences(
            asked, known, phrase_subjects(doc), review_words(doc)
        )
    ]


def try_phrase(doc: Mapping[str, Any], known: Mapping[str, Fact], phrase: Phrase) -> list[str]:
    """What one phrase by itself says of a document, as its reader sees it."""
    return [
        bound_text.paragraph_text(runs)
        for _, runs in review_text_phrases.choose_phrases(
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
