"""Stores, maps, puts in force and deletes case files, and fills a month's draft from their counts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import get_random_string

from figures.periods import Month
from ledger import jobs, log
from ledger.models import JobState
from records.catalogue import RowKey
from records.errors import ActionRefused
from records.models import CaseCount, CaseFile, CaseFileState, CaseMapping, CaseRow, Edition
from records.submissions.actions import save_counts
from records.submissions.editability import FROM_CASES
from records.submissions.edition_log import actor_name
from units.models import Unit

from .queries import CaseCounts, case_file_in_force

STAGING_FOLDER = "case-lists"
# Rows deleted at a time, so that nobody waits long for the database.
DELETE_BATCH = 5_000
# For all units together: one file for each unit of a large province. Waiting costs little: the files are on disk.
MAX_QUEUED = 1_000
# How long a file stays staged that was never read.
UNREAD_KEPT_FOR, MAX_DELETED = timedelta(days=1), 20
UNREAD = (CaseFileState.MAPPING, CaseFileState.FAILED)
# Faults of a file that are stored to be shown.
MAX_FAULTS = 1_000


def new_staging_path() -> Path:
    """A random name in the staging folder, which is created."""
    folder = Path(settings.MEDIA_ROOT) / STAGING_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{get_random_string(32)}.csv"


def staging_path(file: CaseFile) -> Path:
    return Path(settings.MEDIA_ROOT) / STAGING_FOLDER / file.staged


def is_staged(file: CaseFile) -> bool:
    """Whether the staged file still exists: media may be lost, or restored from before the upload."""
    return bool(file.staged) and staging_path(file).is_file()


@transaction.atomic
def keep_case_upload(
    unit: Unit,
    name: str,
    months: tuple[Month, Month],
    staged: Path,
    filtered: Any,
    mapping: Mapping[str, Any],
    *,
    by: Any,
    at: datetime,
    system: str = "",
) -> CaseFile:
    """Store a filtered upload (a FilteredFile) until it is mapped; unread uploads of the unit are deleted."""
    for old in _unread_files().filter(unit=unit):
        delete_case_file(old)
    return CaseFile.objects.create(
        unit=unit,
        name=name[:200],
        sha256=filtered.sha256,
        staged=staged.name,
        columns=[column.as_dict() for column in filtered.columns],
        dropped=[head[:200] for head in filtered.dropped],
        mapping=dict(mapping),
        system=system,
        total=filtered.rows,
        first_month=months[0].number,
        last_month=months[1].number,
        asked_by=by,
        asked_at=at,
    )


@transaction.atomic
def request_reading(
    file: CaseFile,
    mapping: Mapping[str, Any],
    months: tuple[Month, Month],
    *,
    by: Any,
    at: datetime,
    save_as: str = "",
) -> CaseFile:
    """Queue the file to be read by this mapping, which is saved under `save_as` if given. Returns the file that counts:
    the one in force where it has the same bytes, mapping and months, and then nothing changes.

    Errors: ActionRefused("gone") where it was read or cancelled; ActionRefused("unit_busy") where another file of the
    unit waits or is being read; ActionRefused("busy") where too many files of all units wait.
    """
    file = CaseFile.objects.select_for_update().get(pk=file.pk)
    if file.state not in UNREAD or not is_staged(file):
        raise ActionRefused("gone", "Tệp này đang được đọc hoặc không còn nữa. Hãy tải tệp lên lại.")
    if save_as:
        CaseMapping.objects.update_or_create(
            unit=file.unit,
            name=save_as,
            defaults=_mapping_content(mapping, by, at),
        )
    same = _equal_file_in_force(file, mapping, months)
    if same is not None:
        delete_case_file(file)
        return same
    _check_queue(file.unit)
    file.mapping, file.system = dict(mapping), save_as or file.system
    file.first_month, file.last_month = months[0].number, months[1].number
    file.state, file.faults, file.wrong, file.words, file.done = JobState.WAITING, [], 0, "", 0
    file.asked_by, file.asked_at = by, at
    file.save()
    return file


def _check_queue(unit: Unit) -> None:
    """One file of a unit at a time, so that no unit delays the others. Errors: as request_reading."""
    # Locked, so that two requests of a unit at once cannot both pass.
    Unit.objects.select_for_update().get(pk=unit.pk)
    if CaseFile.objects.filter(unit=unit, state__in=CaseFile.OPEN).exists():
        message = "Đơn vị đã có một tệp chờ đọc hoặc đang được đọc. Hãy đợi đọc xong, hoặc hủy tệp đó."
        raise ActionRefused("unit_busy", message)
    if jobs.count_waiting(CaseFile) >= MAX_QUEUED:
        raise ActionRefused("busy", "Đang có nhiều tệp chờ đọc. Hãy thử lại sau vài phút.")


@transaction.atomic
def share_mapping(file: CaseFile, units: Sequence[Unit], *, by: Any, at: datetime) -> None:
    """Share the saved mapping by which a file was read with all units below these.

    Errors: ActionRefused("no_name") where it was not saved under a name.
    """
    if not file.system or file.state != CaseFileState.DONE:
        raise ActionRefused("no_name", "Cách ghép cột của tệp này chưa được lưu theo tên.")
    for unit in units:
        CaseMapping.objects.update_or_create(
            unit=unit, name=file.system, defaults=_mapping_content(file.mapping, by, at)
        )
        log.append("cases.share", by=by, subject=f"unit:{unit.pk}", detail={"system": file.system}, at=at)


def _mapping_content(mapping: Mapping[str, Any], by: Any, at: datetime) -> dict[str, Any]:
    """The columns of a saved mapping; it is the unit's own, not inherited."""
    return {"content": dict(mapping), "saved_at": at, "saved_by": actor_name(by), "followed": False}


def _equal_file_in_force(
    file: CaseFile, mapping: Mapping[str, Any], months: tuple[Month, Month]
) -> CaseFile | None:
    in_force = {case_file_in_force(file.unit, month) for month in Month.range(*months)}
    current = in_force.pop() if len(in_force) == 1 else None
    if current is None or (current.sha256, current.mapping) != (file.sha256, dict(mapping)):
        return None
    return (
        current if (current.first_month, current.last_month) == (months[0].number, months[1].number) else None
    )


def _unread_files() -> QuerySet[CaseFile]:
    return CaseFile.objects.filter(state__in=UNREAD).exclude(staged="")


def delete_stale_uploads(*, at: datetime) -> int:
    """Delete up to MAX_DELETED uploads that were not read for a day; returns how many."""
    stale = list(_unread_files().filter(asked_at__lt=at - UNREAD_KEPT_FOR)[:MAX_DELETED])
    for old in stale:
        delete_case_file(old)
    return len(stale)


def delete_case_file(file: CaseFile) -> None:
    """Cancel an upload; its staged file and read rows are deleted."""
    jobs.cancel(file)
    clear_case_rows(file)
    if file.staged:
        staging_path(file).unlink(missing_ok=True)
    CaseFile.objects.filter(pk=file.pk).exclude(state=CaseFileState.DONE).update(
        state=CaseFileState.CANCELLED, staged="", columns=[], faults=[]
    )


def clear_case_rows(file: CaseFile) -> None:
    """Delete the dossiers of a file and their counts, a few thousand at a time."""
    CaseCount.objects.filter(file=file).delete()
    while True:
        gone = list(CaseRow.objects.filter(file=file).values_list("pk", flat=True)[:DELETE_BATCH])
        if not gone:
            return
        for start in range(0, len(gone), 500):
            CaseRow.objects.filter(pk__in=gone[start : start + 500]).delete()


def refuse_reading(file: CaseFile, faults: Sequence[Mapping[str, Any]], wrong: int) -> None:
    """Store the faults of a file and delete its rows; it stays staged, so that another mapping can be tried."""
    clear_case_rows(file)
    CaseFile.objects.filter(pk=file.pk).update(faults=list(faults)[:MAX_FAULTS], wrong=wrong)


@transaction.atomic
def put_case_file_in_force(
    file: CaseFile, counts: Mapping[tuple[int, RowKey], Mapping[str, int]], *, rows: int, at: datetime
) -> None:
    """Let the file count for its months, in place of earlier ones; `counts` by month (YYYYMM) and row. Errors:
    jobs.JobCancelled, and jobs.JobRefused where another worker has read it too.
    """
    Unit.objects.select_for_update().get(pk=file.unit_id)
    if CaseRow.objects.filter(file=file).count() != rows:
        # Another worker took this job for dead, and read the same file.
        raise jobs.JobRefused("Việc đọc tệp bị gián đoạn. Hãy đọc lại.")
    still = CaseFile.objects.filter(pk=file.pk, state=JobState.WORKING)
    if not still.update(state=JobState.DONE, columns=[], staged="", done=rows, total=rows):
        raise jobs.JobCancelled
    CaseCount.objects.bulk_create(
        (
            CaseCount(file=file, month=month, field_id=key[0], procedure_id=key[1], **values)
            for (month, key), values in counts.items()
        ),
        batch_size=500,
    )
    detail = {
        "file": file.name,
        "sha256": file.sha256,
        "months": [file.first_month, file.last_month],
        "rows": rows,
        "system": file.system,
    }
    log.append("cases.import", by=file.asked_by, subject=f"unit:{file.unit_id}", detail=detail, at=at)


def drop_replaced(unit: Unit) -> None:
    """Mark files that count for no month any more, and delete their rows."""
    files = CaseFile.objects.filter(unit=unit, state=CaseFileState.DONE, replaced=False).order_by("-pk")
    covered: set[int] = set()
    for file in files:
        own = Month.range(Month.from_number(file.first_month), Month.from_number(file.last_month))
        numbers = {month.number for month in own}
        if numbers <= covered:
            CaseFile.objects.filter(pk=file.pk).update(replaced=True)
            clear_case_rows(file)
        covered |= numbers


def fill_from_cases(edition: Edition, counts: CaseCounts, *, by: Any, revision: int, at: datetime) -> Edition:
    """Save the counts of a case file in a draft, as if its clerk typed them. Errors: as `save_counts`."""
    return save_counts(edition, counts, by=by, revision=revision, at=at, way=FROM_CASES)
