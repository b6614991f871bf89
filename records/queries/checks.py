"""What is wrong or odd in an edition: the rules of figures/ held against its rows, the month before and its past."""

from dataclasses import dataclass, replace

from figures import rules
from figures.periods import Month
from records.models import DossierCount, Edition, SwitchedGroup
from units.compiled import Compiled

from .calendar import calendar
from .catalogue import Catalogue, Fields
from .past import Past, RowKey, odd_report, oddities, past_of
from .rows import values_of


@dataclass(frozen=True)
class Finding:
    """A broken rule with its place: codes of field and procedure ("" for the edition as a whole). `short`: a warning
    without advice, for who only reads it.
    """

    field: str
    procedure: str
    measure: str | None
    code: str
    message: str
    severity: str
    short: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it keeps the edition from being sent."""
        return self.severity == "error"

    @classmethod
    def of(cls, fault: rules.Fault, field: str = "", procedure: str = "", short: str = "") -> "Finding":
        return cls(field, procedure, fault.measure, fault.code, fault.message, fault.severity, short)


def served_of(expected: Fields, catalogue: Catalogue, key: RowKey) -> frozenset[str]:
    """The measures that may hold a number in a row; none where the unit does not report the field.

    `chung` is open to every unit. A procedure that the catalogue does not date for the unit has its field's.
    """
    field, procedure = key
    entry = expected.get(field)
    if entry is None:
        served = catalogue.undivided_entry().served if field == catalogue.undivided else frozenset()
        return served - expected.off
    return entry.procedures.get(procedure, entry.served) if procedure else entry.served


def worded(fault: rules.Fault, off: frozenset[str]) -> rules.Fault:
    """A number in a group of columns that is switched off is told as such; the code is that of any cell not served."""
    if fault.code != "not_served" or fault.measure not in off:
        return fault
    group = next(one for one in SwitchedGroup if fault.measure in one.measures)
    told = f"Nhóm “{group.label}” đã được cấp trên tắt, tháng này không nhập. Xóa số ở ô này."
    return replace(fault, message=told)


_rows = Compiled(
    lambda edition: (
        DossierCount.objects.filter(edition=edition)
        .select_related("field", "procedure")
        .order_by("field__order", "field__code", "pk")
    ),
    int,
)


def rows_of(edition: Edition) -> list[DossierCount]:
    """The rows of an edition in the order of the catalogue, with field and procedure. One query."""
    return _rows(edition.pk)


_counts = Compiled(lambda edition: DossierCount.objects.filter(edition=edition), int)


def counts_of(edition: Edition) -> list[DossierCount]:
    """The same in any order, and without field and procedure."""
    return _counts(edition.pk)


def check(
    edition: Edition,
    catalogue: Catalogue | None = None,
    *,
    rows: list[DossierCount] | None = None,
    past: Past | None = None,
) -> tuple[Finding, ...]:
    """Everything that blocks sending, then the warnings. A fixed number of queries; `rows` (of `rows_of`) and `past`
    spare theirs where they were read already.
    """
    submission = edition.submission
    month = Month.from_number(submission.month)
    catalogue = catalogue or Catalogue(calendar())
    expected = catalogue.expected(submission.unit, month)
    rows = rows_of(edition) if rows is None else rows
    past = past_of(submission) if past is None else past
    values = {(row.field_id, row.procedure_id): values_of(row) for row in rows}
    found = [
        Finding.of(worded(fault, expected.off), *_place(row))
        for row, (key, cells) in zip(rows, values.items(), strict=True)
        for fault in rules.check_row(cells, served_of(expected, catalogue, key))
    ]
    named = [(row.field.code, row.procedure.code if row.procedure else None) for row in rows if row.answered]
    for fault in (rules.mixed_level(named), rules.nothing_reported(values.values())):
        if fault:
            found.append(Finding.of(fault))
    warnings = [
        Finding.of(odd.fault, *_place(row), odd.short) for row in rows for odd in oddities(row, past, month)
    ]
    if odd := odd_report(values, past, month):
        warnings.append(Finding.of(odd.fault, short=odd.short))
    return (*found, *warnings)


def _place(row: DossierCount) -> tuple[str, str]:
    return row.field.code, row.procedure.code if row.procedure else ""
