"""Checks an edition by the rules of figures/: errors that block sending, and warnings."""

from dataclasses import replace

from core.database import PreparedQuery
from figures import count_rules, rule_catalogue
from figures.periods import Month
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue, served_in_row
from records.errors import Finding
from records.models import DossierCount, Edition, SwitchedGroup
from records.storage import measures_of_row

from .previous_months import HistoryWindow, history_window, report_oddity, row_oddities


def explain_switched_off(
    fault: rule_catalogue.RuleViolation, off: frozenset[str]
) -> rule_catalogue.RuleViolation:
    """Say of a number in a switched-off column group that the group is off; the code stays `not_served`."""
    if fault.code != "not_served" or fault.measure not in off:
        return fault
    group = next(switched for switched in SwitchedGroup if fault.measure in switched.measures)
    message = f"Nhóm “{group.label}” đã được cấp trên tắt, tháng này không nhập. Xóa số ở ô này."
    return replace(fault, message=message)


_rows = PreparedQuery(
    lambda edition: (
        DossierCount.objects.filter(edition=edition)
        .select_related("field", "procedure")
        .order_by("field__order", "field__code", "pk")
    ),
    int,
)


def rows_of_edition(edition: Edition) -> list[DossierCount]:
    """The rows of an edition in catalogue order, with field and procedure. One query."""
    return _rows(edition.pk)


_counts = PreparedQuery(lambda edition: DossierCount.objects.filter(edition=edition), int)


def counts_of_edition(edition: Edition) -> list[DossierCount]:
    """The rows in any order, without field and procedure. One query."""
    return _counts(edition.pk)


def check_edition(
    edition: Edition,
    catalogue: Catalogue | None = None,
    *,
    rows: list[DossierCount] | None = None,
    past: HistoryWindow | None = None,
) -> tuple[Finding, ...]:
    """The findings that block sending, then the warnings. A fixed number of queries; `rows` (from `rows_of_edition`)
    and `past` save theirs.
    """
    submission = edition.submission
    month = Month.from_number(submission.month)
    catalogue = catalogue or Catalogue(stored_calendar())
    expected = catalogue.expected(submission.unit, month)
    rows = rows_of_edition(edition) if rows is None else rows
    past = history_window(submission) if past is None else past
    values = {(row.field_id, row.procedure_id): measures_of_row(row) for row in rows}
    findings = [
        Finding.of(explain_switched_off(fault, expected.off), *_place(row))
        for row, (key, cells) in zip(rows, values.items(), strict=True)
        for fault in count_rules.check_row(cells, served_in_row(expected, catalogue, key))
    ]
    named = [(row.field.code, row.procedure.code if row.procedure else None) for row in rows if row.answered]
    for fault in (count_rules.check_mixed_level(named), count_rules.check_nothing_reported(values.values())):
        if fault:
            findings.append(Finding.of(fault))
    warnings = [
        Finding.of(odd.fault, *_place(row), odd.short)
        for row in rows
        for odd in row_oddities(row, past, month)
    ]
    if odd := report_oddity(values, past, month):
        warnings.append(Finding.of(odd.fault, short=odd.short))
    return (*findings, *warnings)


def _place(row: DossierCount) -> tuple[str, str]:
    return row.field.code, row.procedure.code if row.procedure else ""
