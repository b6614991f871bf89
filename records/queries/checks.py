"""What is wrong or odd in an edition: the rules of figures/ held against its rows, the month before and its past."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from figures import rules
from figures.counts import added
from figures.measures import MEASURES, SUMS
from figures.outliers import MONTHS, outlier
from figures.periods import Month
from records.models import DossierCount, Edition, Stage, Submission

from .calendar import calendar
from .catalogue import Catalogue, Expected
from .rows import values_of

# A row within an edition: field number, and procedure number where the field is reported by procedure.
RowKey = tuple[int, int | None]

# Wholes whose jumps against the past months are worth a look.
WATCHED = ("received", "resolved")


@dataclass(frozen=True)
class Finding:
    """A broken rule with its place: codes of field and procedure ("" for the edition as a whole)."""

    field: str
    procedure: str
    measure: str | None
    code: str
    message: str
    severity: str

    @property
    def blocks(self) -> bool:
        """Whether it keeps the edition from being sent."""
        return self.severity == "error"

    @classmethod
    def of(cls, fault: rules.Fault, field: str = "", procedure: str = "") -> "Finding":
        return cls(field, procedure, fault.measure, fault.code, fault.message, fault.severity)


def served_of(expected: Mapping[int, Expected], catalogue: Catalogue, key: RowKey) -> frozenset[str]:
    """The measures that may hold a number in a row; none where the unit does not report the field.

    `chung` is open to every unit. A procedure that the catalogue does not date for the unit has its field's.
    """
    field, procedure = key
    entry = expected.get(field)
    if entry is None:
        return catalogue.undivided_entry().served if field == catalogue.undivided else frozenset()
    return entry.procedures.get(procedure, entry.served) if procedure else entry.served


def check(edition: Edition, catalogue: Catalogue | None = None) -> tuple[Finding, ...]:
    """Everything that blocks sending, then the warnings. A fixed number of queries."""
    submission = edition.submission
    catalogue = catalogue or Catalogue(calendar())
    expected = catalogue.expected(submission.unit, Month.from_number(submission.month))
    rows = list(
        edition.counts.select_related("field", "procedure").order_by("field__order", "field__code", "pk")
    )
    found = [
        Finding.of(fault, row.field.code, row.procedure.code if row.procedure else "")
        for row in rows
        for fault in rules.check_row(
            values_of(row), served_of(expected, catalogue, (row.field_id, row.procedure_id))
        )
    ]
    named = [(row.field.code, row.procedure.code if row.procedure else None) for row in rows if row.answered]
    for fault in (rules.mixed_level(named), rules.nothing_reported(values_of(row) for row in rows)):
        if fault:
            found.append(Finding.of(fault))
    return (*found, *_warnings(submission, rows))


def _warnings(submission: Submission, rows: list[DossierCount]) -> Iterable[Finding]:
    past = history(submission)
    for row in rows:
        place = (row.field.code, row.procedure.code if row.procedure else "")
        months = past[row.field_id, row.procedure_id]
        before = months.get(Month.from_number(submission.month).previous().number)
        fault = rules.continuity(row.opening, rules.closing(before)) if before else None
        if fault:
            yield Finding.of(fault, *place)
        for whole in WATCHED:
            odd = outlier(
                _whole(values_of(row), whole), [_whole(months[one], whole) for one in sorted(months)]
            )
            if odd:
                yield Finding.of(odd.fault(whole), *place)


def _whole(values: Mapping[str, int | None], whole: str) -> int | None:
    return added(values[part] for part in SUMS[whole])


def history(submission: Submission) -> dict[RowKey, dict[int, dict[str, Any]]]:
    """Per row, the values of the twelve months before, from what was sent or approved. Two queries."""
    month = Month.from_number(submission.month)
    editions = Edition.objects.in_force(Stage.SUBMITTED).filter(
        submission__unit=submission.unit_id,
        submission__month__gte=month.plus(-MONTHS).number,
        submission__month__lt=month.number,
    )
    # Editions first and counts by their numbers: together the database reads far more than these.
    months = dict(editions.order_by().values_list("pk", "submission__month"))
    rows = DossierCount.objects.filter(edition__in=list(months))
    found: dict[RowKey, dict[int, dict[str, Any]]] = defaultdict(dict)
    for row in rows.values("field_id", "procedure_id", "edition_id", *MEASURES):
        found[row["field_id"], row["procedure_id"]][months[row["edition_id"]]] = row
    return found


def proposed_openings(submission: Submission) -> dict[RowKey, int]:
    """What the month before left open, row by row: proposed as this month's opening."""
    before = Month.from_number(submission.month).previous().number
    found = {}
    for key, months in history(submission).items():
        left = rules.closing(months[before]) if before in months else None
        if left is not None:
            found[key] = left
    return found
