"""Opens a month, saves its counts, sends it and recalls it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from figures import count_rules
from figures.measures import MEASURES
from figures.periods import Calendar, Month
from records import storage
from records.calendar.queries import due_date, stored_calendar
from records.catalogue import Catalogue, RowKey, served_in_row
from records.errors import ActionRefused, Finding, StaleEdition
from records.models import DossierCount, Edition, Stage, State, Submission
from records.storage import measures_of_row, set_measures
from records.stored_sums import group_sums
from units.models import Unit
from units.tree.queries import lock_unit

from .checks import check_edition, counts_of_edition, rows_of_edition
from .editability import (
    FROM_PAGE,
    apply_closing_times,
    locked_edition,
    must_be_expected,
    must_be_open,
    must_be_unlocked,
)
from .edition_log import actor_name, log_edition, responsible_person, saved_detail

# {(field id, procedure id or None): {measure: value}}; measures that are not named do not change.
RowChanges = Mapping[RowKey, Mapping[str, int | None]]


@transaction.atomic
def open_submission(
    unit: Unit, month: Month, *, by: Any, at: datetime, days: Calendar | None = None
) -> Submission:
    """The submission of a unit and month; creates it with a first draft where there is none.

    Errors: ActionRefused("not_expected") where the unit has no report to send for the month, or no longer exists.
    """
    days = days or stored_calendar()
    span = days.span(month)
    expected = Unit.objects.expected_within(span.start, span.end).filter(pk=unit.pk).exists()
    if not expected and not Submission.objects.filter(unit=unit, month=month.number).exists():
        raise ActionRefused("not_expected", f"{unit.name} không phải gửi báo cáo {month.label}.")
    due_on = due_date(unit, month, days)
    submission, made = Submission.objects.get_or_create(
        unit=unit, month=month.number, defaults={"due_on": due_on}
    )
    if made and not lock_unit(unit):
        raise ActionRefused(
            "not_expected",
            f"{unit.name} không còn: lần sáp nhập, chia tách lập ra đơn vị này vừa được hoàn tác.",
        )
    # Two people who open the month at once get the same draft.
    submission = Submission.objects.select_for_update().get(pk=submission.pk)
    if not submission.editions.exists():
        edition = Edition.objects.create(submission=submission, number=1)
        log_edition("open", edition, by=by, at=at)
    if made:
        group_sums.mark_handovers([unit], [month.number])
        apply_closing_times([submission])
    return submission


@transaction.atomic
def save_counts(
    edition: Edition,
    rows: RowChanges,
    *,
    by: Any,
    revision: int,
    at: datetime,
    reasons: Mapping[RowKey, str] | None = None,
    way: str = FROM_PAGE,
    file: str = "",
) -> Edition:
    """Save the named measures of some rows, record the writer, and log every changed cell with `way` and `file`.

    Errors, with nothing stored: StaleEdition when the edition has another revision; ActionRefused with code `locked`,
    `sent`, `not_expected`, `negative`, `not_served`, `mixed_level`… A balance that does not close is no error here.
    """
    edition = locked_edition(edition)
    counts = counts_of_edition(edition)
    more = {"reasons": reasons, "way": way, "file": file}
    return save_locked(
        edition, counts, Catalogue(stored_calendar()), rows, by=by, revision=revision, at=at, **more
    )


def save_locked(
    edition: Edition,
    counts: Iterable[DossierCount],
    catalogue: Catalogue,
    rows: RowChanges,
    *,
    by: Any,
    revision: int,
    at: datetime,
    reasons: Mapping[RowKey, str] | None = None,
    way: str = FROM_PAGE,
    file: str = "",
) -> Edition:
    """`save_counts` for callers that have locked the edition (`locked_edition`, `locked_working_edition`) and read its
    counts in the same transaction; every error must roll that transaction back.
    """
    must_be_open(edition, at)
    stored = {(row.field_id, row.procedure_id): row for row in counts}
    if edition.revision != revision:
        raise StaleEdition(edition, _stale_cells(rows, stored))
    must_be_expected(edition.submission, catalogue.days)
    changes = _change_rows(edition, rows, reasons or {}, stored, catalogue)
    if not changes:
        return edition
    follows = edition.saved_by
    edition.revision += 1
    edition.saved_at, edition.saved_by = at, actor_name(by)
    group_sums.set_edition_sums(edition, stored.values())
    storage.update_edition(edition, storage.SAVED_COLUMNS)
    if (writer := responsible_person(by)) is not None:
        storage.add_writer(edition, writer)
    detail = saved_detail(edition, way, follows, changes)
    log_edition("save", edition, by=by, at=at, detail=detail | ({"file": file} if file else {}))
    return edition


def _stale_cells(rows: RowChanges, stored: Mapping[RowKey, DossierCount]) -> dict[RowKey, dict[str, tuple]]:
    conflicts: dict[RowKey, dict[str, tuple]] = {}
    for key, values in rows.items():
        theirs = measures_of_row(stored[key]) if key in stored else dict.fromkeys(MEASURES)
        cells = {name: (mine, theirs[name]) for name, mine in values.items() if mine != theirs[name]}
        if cells:
            conflicts[key] = cells
    return conflicts


def _change_rows(
    edition: Edition,
    rows: RowChanges,
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
        before = measures_of_row(row)
        cells = {name: [before[name], new] for name, new in values.items() if before[name] != new}
        reason = reasons.get(key, row.reason).strip()
        if not cells and reason == row.reason:
            continue
        if reason != row.reason:
            cells["reason"] = [row.reason, reason]
        served = served_in_row(expected, catalogue, key)
        set_measures(row, {**before, **values}, served)
        row.reason = reason
        _refuse_cells(row, values, served, catalogue)
        stored[key] = row
        touched.append(key)
        changes[row_label(key, catalogue)] = cells
    _keep_one_level(stored, catalogue)
    # Rows of the other level were just deleted.
    storage.write_counts([stored[key] for key in touched if key in stored])
    return changes


def row_label(key: RowKey, catalogue: Catalogue) -> str:
    """The name of a row in the log: "ho-tich" or "ho-tich/1.000894"."""
    field, procedure = key
    code = catalogue.fields[field].code
    return f"{code}/{catalogue.procedures[procedure].code}" if procedure else code


def _refuse_cells(
    row: DossierCount, cells: Iterable[str], served: frozenset[str], catalogue: Catalogue
) -> None:
    """Refuse new values that no draft may hold; a stored one does not stop other cells from being saved."""
    field = catalogue.fields[row.field_id].code
    procedure = catalogue.procedures[row.procedure_id].code if row.procedure_id else ""
    faults = [fault for name in cells if (fault := count_rules.check_cell(name, getattr(row, name), served))]
    if faults:
        findings = [Finding.of(fault, field, procedure) for fault in faults]
        raise ActionRefused(faults[0].code, faults[0].message, findings)


def _keep_one_level(stored: dict[RowKey, DossierCount], catalogue: Catalogue) -> None:
    """Delete blank rows of the level that is not reported; refuse answers on two levels."""
    named = [
        (
            catalogue.fields[field].code,
            catalogue.procedures[procedure].code if procedure else None,
        )
        for (field, procedure), row in stored.items()
        if row.answered
    ]
    fault = count_rules.check_mixed_level(named)
    if fault:
        raise ActionRefused(fault.code, fault.message, [Finding.of(fault)])
    for key in blank_rows_of_other_level(stored, catalogue.undivided):
        row = stored.pop(key)
        if row.pk:
            row.delete()


def blank_rows_of_other_level(stored: Mapping[RowKey, DossierCount], undivided: int) -> list[RowKey]:
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


@transaction.atomic
def send_edition(edition: Edition, *, by: Any, at: datetime, revision: int | None = None) -> Edition:
    """Send the edition for approval; expected fields without a row get a blank one, so that the gap shows.

    Errors: ActionRefused("faults") with the blocking findings; a changed opening needs a reason in its row.
    ActionRefused("not_expected") where the unit ended, or became a group, after the draft was begun.
    """
    edition = locked_edition(edition)
    must_be_open(edition, at)
    must_be_same_revision(edition, revision)
    catalogue = Catalogue(stored_calendar())
    must_be_expected(edition.submission, catalogue.days)
    rows = rows_of_edition(edition)
    findings = check_edition(edition, catalogue, rows=rows)
    blocking = [finding for finding in findings if finding.blocks] + _unexplained_openings(rows, findings)
    if blocking:
        raise ActionRefused("faults", "Báo cáo còn lỗi nên chưa gửi được.", blocking)
    _add_blank_rows(edition, rows, catalogue)
    edition.state = State.SENT
    edition.sent_at, edition.sent_by, edition.sender_id = at, actor_name(by), responsible_person(by)
    edition.return_reason, edition.marked_cells = "", []
    storage.update_edition(edition, storage.SENT_COLUMNS)
    refresh_sums_above(edition, Stage.SUBMITTED)
    warnings = [
        f"{finding.field} {finding.measure or ''} {finding.code}"
        for finding in findings
        if not finding.blocks
    ]
    log_edition("send", edition, by=by, at=at, detail={"warnings": warnings})
    return edition


def _unexplained_openings(rows: Iterable[DossierCount], findings: Sequence[Finding]) -> list[Finding]:
    """Openings that differ from the previous closing without a reason."""
    explained = {(row.field.code, row.procedure.code if row.procedure else "") for row in rows if row.reason}
    return [
        finding
        for finding in findings
        if finding.code == "continuity" and (finding.field, finding.procedure) not in explained
    ]


def _add_blank_rows(edition: Edition, rows: Sequence[DossierCount], catalogue: Catalogue) -> None:
    """Store a blank row for each expected field without any, and set the edition's sums (the caller saves it).

    An edition at level `chung` has no other rows.
    """
    submission = edition.submission
    expected = catalogue.expected(submission.unit, Month.from_number(submission.month))
    present = {row.field_id for row in rows}
    blank = []
    if catalogue.undivided not in present:
        for field in expected:
            if field not in present:
                row = DossierCount(edition=edition, field_id=field)
                set_measures(row, {}, served_in_row(expected, catalogue, (field, None)))
                blank.append(row)
    storage.write_counts(blank)
    group_sums.set_edition_sums(edition, [*rows, *blank])


@transaction.atomic
def recall_edition(edition: Edition, *, by: Any, at: datetime) -> Edition:
    """Turn a sent, undecided edition back into a draft; not once the month is locked, as it could not be sent again."""
    edition = locked_edition(edition)
    must_be_sent(edition)
    must_be_unlocked(edition, at)
    edition.state = State.DRAFT
    edition.save()
    refresh_sums_above(edition, Stage.SUBMITTED)
    log_edition("recall", edition, by=by, at=at)
    return edition


def copy_edition(source: Edition) -> Edition:
    """Store a draft with the same rows, sums and writers as the edition."""
    writers = list(source.writers.all())
    rows = list(source.counts.all())
    last = Edition.objects.filter(submission=source.submission_id).order_by("-number").first()
    draft = Edition.objects.get(pk=source.pk)
    draft.pk, draft.number, draft.state = None, last.number + 1, State.DRAFT
    # Revisions grow through all editions of a submission, so a page opened before the copy is always stale.
    draft.revision = last.revision + 1
    draft.saved_at = draft.sent_at = draft.decided_at = None
    draft.sender = None
    draft.saved_by = draft.sent_by = draft.decided_by = draft.return_reason = ""
    draft.marked_cells = []
    draft._state.adding = True
    draft.save()
    draft.writers.set(writers)
    for row in rows:
        row.pk, row.edition = None, draft
        row._state.adding = True
    DossierCount.objects.bulk_create(rows)
    return draft


def refresh_sums_above(edition: Edition, *stages: str) -> None:
    submission = edition.submission
    group_sums.refresh_group_sums([submission.unit], [submission.month], stages or tuple(Stage.values))


def must_be_sent(edition: Edition) -> None:
    if edition.state != State.SENT:
        raise ActionRefused(
            "not_sent", f"Báo cáo không ở trạng thái chờ duyệt ({edition.get_state_display().lower()})."
        )


def must_be_same_revision(edition: Edition, revision: int | None) -> None:
    if revision is not None and revision != edition.revision:
        raise ActionRefused("stale", "Báo cáo vừa được sửa. Hãy xem lại số mới trước khi tiếp tục.")
