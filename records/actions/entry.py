"""Opening a month and saving its numbers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from figures import rules
from figures.measures import MEASURES
from figures.periods import Calendar, Month
from records import sums
from records.models import DossierCount, Edition, Submission
from records.queries.calendar import calendar, due_date
from records.queries.catalogue import Catalogue
from records.queries.checks import Finding, RowKey, counts_of, served_of
from records.queries.rows import fill, values_of
from units.models import Unit
from units.queries import held

from . import storing
from .closing import close_as_set
from .common import PAGE, answering_for, locked, must_be_open, must_be_owed, name_of, record, saved_detail
from .errors import Refused, StaleEdition

# {(field number, procedure number or None): {measure: value}}; measures that are not named stay as they are.
Rows = Mapping[RowKey, Mapping[str, int | None]]


@transaction.atomic
def open_submission(
    unit: Unit, month: Month, *, by: Any, at: datetime, days: Calendar | None = None
) -> Submission:
    """The submission of a unit and month with a first draft, made when it is not there yet.

    Errors: Refused("not_expected") where the unit owes no report for the month, or is gone since it was fetched.
    """
    days = days or calendar()
    span = days.span(month)
    expected = Unit.objects.expected_within(span.start, span.end).filter(pk=unit.pk).exists()
    if not expected and not Submission.objects.filter(unit=unit, month=month.number).exists():
        raise Refused("not_expected", f"{unit.name} không phải gửi báo cáo {month.label}.")
    due_on = due_date(unit, month, days)
    submission, made = Submission.objects.get_or_create(
        unit=unit, month=month.number, defaults={"due_on": due_on}
    )
    if made and not held(unit):
        raise Refused(
            "not_expected",
            f"{unit.name} không còn: lần sáp nhập, chia tách lập ra đơn vị này vừa được hoàn tác.",
        )
    # Locked: two people who open the month at once get the same draft.
    submission = Submission.objects.select_for_update().get(pk=submission.pk)
    if not submission.editions.exists():
        edition = Edition.objects.create(submission=submission, number=1)
        record("open", edition, by=by, at=at)
    if made:
        sums.mark([unit], [month.number])
        close_as_set([submission])
    return submission


@transaction.atomic
def save_counts(
    edition: Edition,
    rows: Rows,
    *,
    by: Any,
    revision: int,
    at: datetime,
    reasons: Mapping[RowKey, str] | None = None,
    way: str = PAGE,
    file: str = "",
) -> Edition:
    """Write the named measures of some rows; who wrote is kept, and every changed cell is logged with the way, and
    the name of the `file` where it came out of one.

    Errors, with nothing stored: StaleEdition when the edition has another revision; Refused with code `locked`,
    `sent`, `not_expected`, `negative`, `not_served`, `mixed_level`… A balance that does not close is no error here.
    """
    edition = locked(edition)
    counts = counts_of(edition)
    more = {"reasons": reasons, "way": way, "file": file}
    return save_in_hand(edition, counts, Catalogue(calendar()), rows, by=by, revision=revision, at=at, **more)


def save_in_hand(
    edition: Edition,
    counts: Iterable[DossierCount],
    catalogue: Catalogue,
    rows: Rows,
    *,
    by: Any,
    revision: int,
    at: datetime,
    reasons: Mapping[RowKey, str] | None = None,
    way: str = PAGE,
    file: str = "",
) -> Edition:
    """`save_counts` for who has locked the edition (`locked`, `worked_on`) and read its counts in this transaction
    already; every error must undo that transaction.
    """
    must_be_open(edition, at)
    stored = {(row.field_id, row.procedure_id): row for row in counts}
    if edition.revision != revision:
        raise StaleEdition(edition, _differences(rows, stored))
    must_be_owed(edition.submission, catalogue.days)
    changes = _write(edition, rows, reasons or {}, stored, catalogue)
    if not changes:
        return edition
    follows = edition.saved_by
    edition.revision += 1
    edition.saved_at, edition.saved_by = at, name_of(by)
    sums.total_edition(edition, stored.values())
    storing.update_edition(edition, storing.SAVED)
    if (writer := answering_for(by)) is not None:
        storing.add_writer(edition, writer)
    detail = saved_detail(edition, way, follows, changes)
    record("save", edition, by=by, at=at, detail=detail | ({"file": file} if file else {}))
    return edition


def _differences(rows: Rows, stored: Mapping[RowKey, DossierCount]) -> dict[RowKey, dict[str, tuple]]:
    found: dict[RowKey, dict[str, tuple]] = {}
    for key, values in rows.items():
        theirs = values_of(stored[key]) if key in stored else dict.fromkeys(MEASURES)
        cells = {name: (mine, theirs[name]) for name, mine in values.items() if mine != theirs[name]}
        if cells:
            found[key] = cells
    return found


def _write(
    edition: Edition,
    rows: Rows,
    reasons: Mapping[RowKey, str],
    stored: dict[RowKey, DossierCount],
    catalogue: Catalogue,
) -> dict[str, dict[str, list]]:
    """Change and store the rows; returns what changed as {"ho-tich": {"opening": [old, new]}}."""
    submission = edition.submission
    expected = catalogue.expected(submission.unit, Month.from_number(submission.month))
    changes: dict[str, dict[str, list]] = {}
    touched = []
    for key, values in rows.items():
        row = stored.get(key) or DossierCount(edition=edition, field_id=key[0], procedure_id=key[1])
        before = values_of(row)
        cells = {name: [before[name], new] for name, new in values.items() if before[name] != new}
        reason = reasons.get(key, row.reason).strip()
        if not cells and reason == row.reason:
            continue
        if reason != row.reason:
            cells["reason"] = [row.reason, reason]
        served = served_of(expected, catalogue, key)
        fill(row, {**before, **values}, served)
        row.reason = reason
        _refuse_cells(row, values, served, catalogue)
        stored[key] = row
        touched.append(key)
        changes[label_of(key, catalogue)] = cells
    _keep_one_level(stored, catalogue)
    # Not those of the level that was left.
    storing.write_counts([stored[key] for key in touched if key in stored])
    return changes


def label_of(key: RowKey, catalogue: Catalogue) -> str:
    """How the log names a row: "ho-tich" or "ho-tich/1.000894"."""
    field, procedure = key
    code = catalogue.fields[field].code
    return f"{code}/{catalogue.procedures[procedure].code}" if procedure else code


def _refuse_cells(
    row: DossierCount, cells: Iterable[str], served: frozenset[str], catalogue: Catalogue
) -> None:
    """A number that can never be right is not even a draft; one that stood there before keeps no other from saving."""
    field = catalogue.fields[row.field_id].code
    procedure = catalogue.procedures[row.procedure_id].code if row.procedure_id else ""
    faults = [fault for name in cells if (fault := rules.check_cell(name, getattr(row, name), served))]
    if faults:
        findings = [Finding.of(fault, field, procedure) for fault in faults]
        raise Refused(faults[0].code, faults[0].message, findings)


def _keep_one_level(stored: dict[RowKey, DossierCount], catalogue: Catalogue) -> None:
    """Drop blank rows that stand in the way of the level that is reported; refuse two answered levels."""
    named = [
        (
            catalogue.fields[field].code,
            catalogue.procedures[procedure].code if procedure else None,
        )
        for (field, procedure), row in stored.items()
        if row.answered
    ]
    fault = rules.mixed_level(named)
    if fault:
        raise Refused(fault.code, fault.message, [Finding.of(fault)])
    for key in blank_of_other_level(stored, catalogue.undivided):
        row = stored.pop(key)
        if row.pk:
            row.delete()


def blank_of_other_level(stored: Mapping[RowKey, DossierCount], undivided: int) -> list[RowKey]:
    """Keys of unanswered rows on a level that the edition does not use."""
    answered = [key for key, row in stored.items() if row.answered]
    at_chung = any(field == undivided for field, _ in answered)
    divided = {field for field, procedure in answered if procedure}
    whole = {field for field, procedure in answered if not procedure}
    return [
        (field, procedure)
        for (field, procedure), row in stored.items()
        if not row.answered
        and (
            (at_chung and field != undivided)
            or (not at_chung and answered and field == undivided)
            or (procedure is None and field in divided)
            or (procedure is not None and field in whole)
        )
    ]
