"""Builds and reads the JSON document of a review: figures, text, previous tasks, facts, version and hash."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Any

from django.utils.timezone import localdate

from core.database import snapshot
from figures.formatting import format_day
from figures.periods import Calendar, Period
from figures.rates import BY_KEY
from figures.summary import Summary, canonical_json
from ledger import log
from records.calendar.queries import stored_calendar
from records.summary.aggregation import partial_tallies
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary, tallies_by_tier
from reports.dashboard.queries import ShownPeriods, rate_targets, reported_indicators, with_changes
from reports.year_on_year.comparison import ComparedSummaries, compare_summaries
from units.models import Unit

from .models import PlanTask, Review, ReviewSection, ReviewState
from .review_text import bound_text, facts, text_figures


@dataclass(frozen=True)
class ReviewFigures:
    """The queries of a review: approved figures of its unit and period, by units as reported or of today."""

    review: Review
    period: Period
    calendar: Calendar

    @cached_property
    def now(self) -> Summary:
        """Rows by unit, each with its change."""
        return with_changes(self._shown, summary(self._shown.query))

    @cached_property
    def before(self) -> Summary:
        """The same period last year."""
        return self._summary(period=self.period.same_last_year())

    @cached_property
    def compared(self) -> ComparedSummaries | None:
        """None where the same units were expected to report in both periods."""
        reach, among = self._shown.reach, self._shown.comparable
        if among is None:
            return None
        return compare_summaries(among, tallies_by_tier(reach, partial_tallies(reach)))

    @property
    def unit_tiers(self) -> dict[str, str]:
        """Row key → tier, for rows that are one reporting unit; "" for rows that are groups of several tiers."""
        return {row.key: "" if row.extra["has_children"] else row.extra["tier"] for row in self.now.rows}

    def as_data(self) -> dict[str, Any]:
        """The part of the document with figures; `compared` only where some units cannot be compared."""
        tiers = [tier for tier, _ in self.now.tiers]
        data = {
            "figures": self.now.as_record(),
            "unit_tiers": self.unit_tiers,
            "by_field": [
                {"tier": tier, "figures": self._summary(by="field", tier=tier).as_record()} for tier in tiers
            ],
            "by_month": [
                {
                    "tier": tier,
                    "now": self._online(self.period, tier),
                    "before": self._online(self.period.same_last_year(), tier),
                }
                for tier in (tiers if not self.now.period.one_month else ())
            ],
            "last_year": self.before.as_record(),
        }
        return data | {"compared": self.compared.as_dict()} if self.compared else data

    @cached_property
    def _shown(self) -> ShownPeriods:
        return ShownPeriods(replace(self._query, by="unit"))

    @cached_property
    def _query(self) -> FiguresQuery:
        review = self.review
        return FiguresQuery(
            review.unit, self.period, self.calendar, decimals=review.decimals, today=review.units_of
        )

    def _summary(self, **changes: Any) -> Summary:
        return summary(replace(self._query, **changes))

    def _online(self, period: Period, tier: str) -> list[dict[str, Any]]:
        """The share received online by month, for the line chart of the printed review."""
        rows = self._summary(period=period, by="month", tier=tier).rows
        shares = [(row.key, row.figures.shares["online"]) for row in rows]
        return [
            {
                "month": key,
                "percent": share.percent,
                "numerator": share.numerator or 0,
                "denominator": share.denominator or 0,
            }
            for key, share in shares
        ]


FROZEN_STATES = (ReviewState.FROZEN, ReviewState.ISSUED)


def previous_review(unit: Unit, period: Period) -> Review | None:
    """The latest review whose period ends before `period` does; its tasks get their outcome in the review of `period`.
    Frozen reviews come before drafts; those replaced by a frozen one do not count. One query.
    """
    rows = Review.objects.filter(unit=unit).exclude(replaced_by__state__in=FROZEN_STATES).defer("frozen")
    before = [
        row for row in rows.order_by("pk") if (parsed := _parsed(row.period)) and parsed.last < period.last
    ]
    return max(before, key=_rank, default=None)


def previous_tasks(unit: Unit, period: Period) -> list[PlanTask]:
    """The tasks set by the previous review, in order, with `unit` and their outcome of now. Two queries."""
    last = previous_review(unit, period)
    return list(last.tasks.select_related("unit")) if last else []


def _parsed(code: str) -> Period | None:
    try:
        return Period.parse(code)
    except ValueError:
        return None


def _rank(review: Review) -> tuple:
    period = Period.parse(review.period)
    return period.last, review.is_frozen, period.first.number * -1, review.pk


# Page and print show a review from this document only, never from the live database, so that an issued review
# cannot change when a month is corrected.

FORMAT = "cchc-review/2"
# Increased with every change of the printed form, so that a frozen review names the form that drew it.
TEMPLATE = "bao-cao-30/3"
# Added by freezing: the head of the log, the hash of the form, the code at /verify/.
ADDED = ("log", "template_sha256", "verify")
# Defaults for keys that a document frozen by another version lacks.
_MISSING: Mapping[str, Any] = MappingProxyType(
    {
        "demo": False,
        "header": {},
        "signer": {"lines": [], "name": ""},
        "recipients": [],
        "unit_tiers": {},
        "by_field": [],
        "by_month": [],
        "targets": [],
        "indicators": [],
        "sections": [],
        "facts": {},
        "typed": [],
        "tasks": [],
        "last_tasks": [],
    }
)
_MISSING_HEADER = {
    **dict.fromkeys(("superior", "issuer"), ()),
    **dict.fromkeys(("number_form", "place", "year", "receiver", "opening", "closing"), ""),
    **dict.fromkeys(("meeting_day", "meeting_place", "chaired", "attended"), ""),
}
_MISSING_TASK = {"text": "", "responsible": "", "deadline": ""}
_MISSING_OUTCOME = _MISSING_TASK | {
    "outcome": "open",
    "outcome_label": "",
    "outcome_note": "",
    "outcome_on": "",
}
_MISSING_INDICATOR = {
    **dict.fromkeys(("group", "counted_in", "source", "numerator_name", "denominator_name"), ""),
    **dict.fromkeys(("numerator", "denominator", "percent", "target", "quoted", "quoted_on"), None),
    **dict.fromkeys(("before_numerator", "before_denominator", "before_percent"), None),
    "is_share": False,
}


@snapshot()
def build_document(review: Review, *, demo: bool, anchor: tuple[int, str] | None = None) -> dict[str, Any]:
    """Builds the document of a review from the database: JSON data, numbers as integers, rates as text.

    demo: whether its figures are marked as constructed. anchor: (sequence, hash) of the log's head; queried when None.
    """
    period, calendar = Period.parse(review.period), stored_calendar()
    start, end = calendar.bounds(period)
    figures = ReviewFigures(review, period, calendar)
    sequence, hash_ = anchor or log.head()
    goals = rate_targets(review.unit, end)
    reached = reported_indicators(review.unit, period, review.decimals)
    sections, tasks = (
        list(review.sections.select_related("responsible")),
        list(review.tasks.select_related("unit")),
    )
    bodies = [bound_text.parse_paragraphs(section.body) for section in sections]
    parts = [_section(section, body) for section, body in zip(sections, bodies, strict=True)]
    header, task_data = _header(review, end), [_task(task) for task in tasks]
    last = [_outcome(task) for task in previous_tasks(review.unit, period)]
    all_facts = _all_facts(
        figures.now, figures.before, goals, reached, figures.unit_tiers, last, figures.compared
    )
    names = {row.key: row.name for row in figures.now.rows}
    typed = text_figures.typed_in_sections(parts, all_facts, names)
    typed += text_figures.typed_in_words(_words_around(header, task_data), all_facts, names)
    return {
        "format": FORMAT,
        "template": TEMPLATE,
        "demo": demo,
        "review": _names(review, period, start, end),
        "header": header,
        "signer": {"lines": list(review.signer.get("lines", ())), "name": review.signer.get("name", "")},
        "recipients": list(review.recipients),
        **figures.as_data(),
        "targets": goals,
        "indicators": reached,
        "sections": parts,
        "facts": _quoted(bodies, typed, all_facts),
        "typed": typed,
        "tasks": task_data,
        "last_tasks": last,
        "log": {"sequence": sequence, "hash": hash_},
    }


def read(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored document of any version, with defaults for missing keys and without targets of rates that no longer
    exist. figures.summary fills in missing figures.
    """
    doc = {**_MISSING, **stored}
    doc["header"] = _MISSING_HEADER | doc["header"]
    doc["signer"] = _MISSING["signer"] | doc["signer"]
    doc["targets"] = [target for target in doc["targets"] if target["rate"] in BY_KEY]
    doc["indicators"] = [_MISSING_INDICATOR | indicator for indicator in doc["indicators"]]
    doc["tasks"] = [_MISSING_TASK | task for task in doc["tasks"]]
    doc["last_tasks"] = [_MISSING_OUTCOME | task for task in doc["last_tasks"]]
    return doc


def current(review: Review, *, demo: bool) -> dict[str, Any]:
    """The document for all outputs of a review: the frozen one, else one built now."""
    return read(review.frozen) if review.is_frozen else build_document(review, demo=demo)


def document_facts(doc: dict[str, Any]) -> dict[str, facts.Fact]:
    """All facts that the text of a document may quote, from the document alone."""
    now, before = Summary.from_dict(doc["figures"]), Summary.from_dict(doc["last_year"])
    last = doc.get("last_tasks", ())
    compared = ComparedSummaries.from_dict(doc["compared"]) if "compared" in doc else None
    return _all_facts(now, before, doc["targets"], doc["indicators"], doc["unit_tiers"], last, compared)


def _all_facts(
    now: Summary,
    before: Summary,
    goals: Sequence[Mapping[str, Any]],
    reached: Sequence[Mapping[str, Any]],
    tiers: Mapping[str, str],
    last: Sequence[Mapping[str, Any]],
    compared: ComparedSummaries | None,
) -> dict[str, facts.Fact]:
    return {
        **facts.summary_facts(now, before, goals, reached, compared),
        **facts.ranking_facts(now, before, tiers, goals, last or None, compared),
    }


def header_version(review: Review) -> str:
    """A short hash of the text around the sections, for optimistic locking of its edit page. Sections have their own
    (section_version).
    """
    text = {
        "title": review.title,
        "header": review.header,
        "signer": review.signer,
        "recipients": review.recipients,
        "tasks": [[task.pk, *_task(task).values()] for task in review.tasks.all()],
    }
    return document_sha256(text)[:16]


def document_version(doc: dict[str, Any]) -> str:
    """A short hash of a document's text and figures, which a leader confirms when closing it; without the log's head
    and what freezing adds.
    """
    return document_sha256({name: value for name, value in doc.items() if name not in ADDED})[:16]


def document_sha256(data: Any) -> str:
    """SHA-256 of data in its canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(data)).hexdigest()


def _names(review: Review, period: Period, start: date, end: date) -> dict[str, Any]:
    return {
        "number": review.pk,
        "title": review.title,
        "unit": review.unit.code,
        "unit_name": review.unit.name,
        "issuer_name": f"UBND {review.unit.name}",
        "period": period.code,
        "period_label": period.label,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "decimals": review.decimals,
    }


def _header(review: Review, end: date) -> dict[str, Any]:
    entered = review.header
    parent = review.unit.parent
    symbol = entered.get("symbol") or "BC-UBND"
    return {
        "superior": [line for line in entered.get("superior", "").splitlines() if line.strip()],
        "issuer": [line for line in entered.get("issuer", "").splitlines() if line.strip()]
        or ["ỦY BAN NHÂN DÂN", review.unit.name.upper()],
        "number_form": f"/{symbol}",
        "place": entered.get("place") or place_name(review.unit.name),
        # Of the day of signing, which is not known yet: a review of a year may be written after New Year.
        "year": str(max(end.year, localdate(review.created_at).year)),
        "receiver": entered.get("receiver") or (f"UBND {parent.name}" if parent else ""),
        **{
            name: entered.get(name, "")
            for name in ("opening", "closing", "meeting_day", "meeting_place", "chaired", "attended")
        },
        **({"replaces": replaces_words(review.replaces)} if review.replaces else {}),
    }


def replaces_words(old: Review) -> str:
    """Which review is replaced, in Vietnamese, for the line under the title and for /verify/."""
    if old.number and old.issued_on:
        return f"Thay thế Báo cáo số {old.number} ngày {format_day(old.issued_on)}"
    return f"Thay thế bản chốt số liệu ngày {format_day(localdate(old.frozen_at))}"


def place_name(name: str) -> str:
    """The name of a unit's place without its kind: "thị trấn Tân Thanh" → "Tân Thanh"."""
    words = name.split()
    while len(words) > 1 and words[0].islower():
        words = words[1:]
    return " ".join(words)


def _section(section: ReviewSection, body: Sequence[bound_text.Paragraph]) -> dict[str, Any]:
    return {
        "key": section.key,
        "level": section.level,
        "heading": section.heading,
        "block": section.block,
        "responsible": section.responsible.name if section.responsible else "",
        "paragraphs": [bound_text.paragraph_to_data(runs) for runs in body],
    }


def _words_around(header: Mapping[str, Any], tasks: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Texts outside the sections in which somebody may have typed a number: (place in words, text)."""
    named = {"opening": "Câu mở đầu", "attended": "Thành phần dự", "closing": "Câu kết thúc"}
    around = [(where, header[name]) for name, where in named.items()]
    return around + [(f"Nhiệm vụ {place}", task["text"]) for place, task in enumerate(tasks, 1)]


def _quoted(
    bodies: Iterable[Sequence[bound_text.Paragraph]],
    typed: Iterable[Mapping[str, Any]],
    all_facts: Mapping[str, facts.Fact],
) -> dict[str, Any]:
    """The facts that bodies quote or that typed numbers look like; facts that no longer exist are left out."""
    names = bound_text.fact_keys(runs for body in bodies for runs in body)
    names += [number["key"] for number in typed if "key" in number]
    return {key: all_facts[key].as_dict() for key in names if key in all_facts}


def _task(task) -> dict[str, Any]:
    return {
        "text": task.text,
        "responsible": task.responsible or (task.unit.name if task.unit else ""),
        "deadline": task.deadline.isoformat() if task.deadline else "",
    }


def _outcome(task: PlanTask) -> dict[str, Any]:
    """A task of the previous review, with its outcome."""
    return _task(task) | {
        "outcome": task.outcome,
        "outcome_label": task.get_outcome_display(),
        "outcome_note": task.outcome_note,
        "outcome_on": task.outcome_on.isoformat() if task.outcome_on else "",
    }
