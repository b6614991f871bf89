"""Keeps, maps, puts in force and deletes case files, and fills a month's draft from their counts."""

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
from records.submissions.locks import FROM_CASES, actor_name
from units.models import Unit

from .queries import CaseCounts, case_file_in_force

STAGING_FOLDER = "case-lists"
# Rows are deleted so many at a time, so that nobody waits long for the database.
DELETE_BATCH = 5_000
# Of all units together: one file each of a large province. They are small and on the disk already.
MAX_QUEUED = 1_000
# So long is a file staged that nobody has read.
UNREAD_KEPT_FOR, MAX_DELETED = timedelta(days=1), 20
UNREAD = (CaseFileState.MAPPING, CaseFileState.FAILED)
# Of the faults of a file so many are kept to be shown.
MAX_FAULTS = 1_000


def new_staging_path() -> Path:
    """Where a file is staged under a random name; the folder is made."""
    folder = Path(settings.MEDIA_ROOT) / STAGING_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{get_random_string(32)}.csv"


def staging_path(file: CaseFile) -> Path:
    """Where a file is staged."""
    return Path(settings.MEDIA_ROOT) / STAGING_FOLDER / file.staged


def is_staged(file: CaseFile) -> bool:
    """Whether what was staged still lies there: media may be lost, or restored from before the upload."""
    return bool(file.staged) and staging_path(file).is_file()


@transaction.atomic
def keep_case_upload(
    unit: Unit,
    name: str,
    months: tuple[Month, Month],
    staged: Path,
    sifted: Any,
    mapping: Mapping[str, Any],
    *,
    by: Any,
    at: datetime,
    system: str = "",
) -> CaseFile:
    """Keep what was sifted out of an upload until it is mapped; what its unit had uploaded and never had read is
    forgotten. `sifted`: as records.cases.column_filter tells it.
    """
    for old in _unread_files().filter(unit=unit):
        delete_case_file(old)
    return CaseFile.objects.create(
        unit=unit,
        name=name[:200],
        sha256=sifted.sha256,
        staged=staged.name,
        columns=[column.as_dict() for column in sifted.columns],
        dropped=[head[:200] for head in sifted.dropped],
        mapping=dict(mapping),
        system=system,
        total=sifted.rows,
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
    """Have the file read by this mapping; saved by name where one is given. Returns the file that counts: one
    that was read before when it has the same bytes, mapping and months, and then nothing changes.

    Errors: Refused("gone") where it is read already or was given up; Refused("unit_busy") where another file
    of the unit waits or is being read; Refused("busy") where too many of all units wait.
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
    same = _is_same_reading(file, mapping, months)
    if same is not None:
        delete_case_file(file)
        return same
    _must_have_room(file.unit)
    file.mapping, file.system = dict(mapping), save_as or file.system
    file.first_month, file.last_month = months[0].number, months[1].number
    file.state, file.faults, file.wrong, file.words, file.done = JobState.WAITING, [], 0, "", 0
    file.asked_by, file.asked_at = by, at
    file.save()
    return file


def _must_have_room(unit: Unit) -> None:
    """One file of a unit at a time, so that no unit keeps the others waiting."""
    # Locked: two people of a unit who ask at once are told of each other.
    Unit.objects.select_for_update().get(pk=unit.pk)
    if CaseFile.objects.filter(unit=unit, state__in=CaseFile.OPEN).exists():
        told = "Đơn vị đã có một tệp chờ đọc hoặc đang được đọc. Hãy đợi đọc xong, hoặc hủy tệp đó."
        raise ActionRefused("unit_busy", told)
    if jobs.count_waiting(CaseFile) >= MAX_QUEUED:
        raise ActionRefused("busy", "Đang có nhiều tệp chờ đọc. Hãy thử lại sau vài phút.")


@transaction.atomic
def share_mapping(file: CaseFile, units: Sequence[Unit], *, by: Any, at: datetime) -> None:
    """The mapping by which a file was read is for all units below these from now on, by its name.

    Errors: Refused("no_name") where it was saved under none.
    """
    if not file.system or file.state != CaseFileState.DONE:
        raise ActionRefused("no_name", "Cách ghép cột của tệp này chưa được lưu theo tên.")
    for unit in units:
        CaseMapping.objects.update_or_create(
            unit=unit, name=file.system, defaults=_mapping_content(file.mapping, by, at)
        )
        log.append("cases.share", by=by, subject=f"unit:{unit.pk}", detail={"system": file.system}, at=at)


def _mapping_content(mapping: Mapping[str, Any], by: Any, at: datetime) -> dict[str, Any]:
    """What a saved mapping holds besides its place; somebody has set it, so it is the unit's own."""
    return {"content": dict(mapping), "saved_at": at, "saved_by": actor_name(by), "followed": False}


def _is_same_reading(
    file: CaseFile, mapping: Mapping[str, Any], months: tuple[Month, Month]
) -> CaseFile | None:
    counting = {case_file_in_force(file.unit, month) for month in Month.range(*months)}
    found = counting.pop() if len(counting) == 1 else None
    if found is None or (found.sha256, found.mapping) != (file.sha256, dict(mapping)):
        return None
    return found if (found.first_month, found.last_month) == (months[0].number, months[1].number) else None


def _unread_files() -> QuerySet[CaseFile]:
    return CaseFile.objects.filter(state__in=UNREAD).exclude(staged="")


def delete_stale_uploads(*, at: datetime) -> int:
    """Uploads that lay unread for a day, some at a time; how many there were."""
    left = list(_unread_files().filter(asked_at__lt=at - UNREAD_KEPT_FOR)[:MAX_DELETED])
    for old in left:
        delete_case_file(old)
    return len(left)


def delete_case_file(file: CaseFile) -> None:
    """Give an upload up, with what is staged of it and what was read."""
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
    """Nothing of the file is kept but its faults; it stays staged, so that another mapping can be tried."""
    clear_case_rows(file)
    CaseFile.objects.filter(pk=file.pk).update(faults=list(faults)[:MAX_FAULTS], wrong=wrong)


@transaction.atomic
def put_case_file_in_force(
    file: CaseFile, counts: Mapping[tuple[int, RowKey], Mapping[str, int]], *, rows: int, at: datetime
) -> None:
    """The file counts for its months from now on, in place of those before it; `counts` by month (YYYYMM) and row.
    Raises Cancelled where it was given up meanwhile.
    """
    Unit.objects.select_for_update().get(pk=file.unit_id)
    if CaseRow.objects.filter(file=file).count() != rows:
        # Another worker thought this one lost, and read the same file.
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
    """Mark files that count for no month any more, and delete their dossiers."""
    done = CaseFile.objects.filter(unit=unit, state=CaseFileState.DONE, replaced=False).order_by("-pk")
    covered: set[int] = set()
    for file in done:
        own = Month.range(Month.from_number(file.first_month), Month.from_number(file.last_month))
        numbers = {month.number for month in own}
        if numbers <= covered:
            CaseFile.objects.filter(pk=file.pk).update(replaced=True)
            clear_case_rows(file)
        covered |= numbers


def fill_from_cases(edition: Edition, counts: CaseCounts, *, by: Any, revision: int, at: datetime) -> Edition:
    """Put what the dossiers of a file count to into a draft, as its clerk would type it. Errors as those of
    `save_counts`.
    """
    return save_counts(edition, counts, by=by, revision=revision, at=at, way=FROM_CASES)
