"""Stores uploaded forms for their owner until confirmed, then saves their counts all or nothing."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction

from core.text import clean_text
from figures.periods import Calendar, Month
from records.catalogue import RowKey
from records.models import Edition, FormFile, Submission

from .actions import RowChanges, open_submission, save_counts
from .editability import FROM_FILE
from .month_status import WorkingEdition

UPLOADS_KEPT_FOR = timedelta(hours=24)


def uploaded_form(token: str, owner: Any, at: datetime) -> FormFile | None:
    """The owner's upload with this token, with submission and unit; None where it is unknown, expired or another's."""
    uploads = FormFile.objects.filter(token=token, owner=owner, kept_at__gte=at - UPLOADS_KEPT_FOR)
    return uploads.select_related("submission__unit").first()


# Per person; the oldest are deleted.
MAX_UPLOADS = 5
_LONGEST_NAME = 200


class FilledMonth(NamedTuple):
    """The changes that a form makes in a month."""

    month: WorkingEdition
    rows: RowChanges
    reasons: dict[Any, str]


@transaction.atomic
def keep_uploaded_form(
    content: bytes, name: str, submission: Submission | None, *, by: Any, at: datetime
) -> FormFile:
    """Store an upload for its owner, and delete the owner's oldest beyond MAX_UPLOADS."""
    mine = FormFile.objects.filter(owner=by).order_by("-pk").values_list("pk", flat=True)
    FormFile.objects.filter(pk__in=list(mine[MAX_UPLOADS - 1 :])).delete()
    return FormFile.objects.create(
        token=secrets.token_urlsafe(32),
        owner=by,
        submission=submission,
        name=clean_text(name)[:_LONGEST_NAME],
        content=content,
        kept_at=at,
    )


@transaction.atomic
def save_uploaded_forms(
    upload: FormFile, filled: Sequence[FilledMonth], *, by: Any, at: datetime, days: Calendar
) -> list[Edition]:
    """Save the changes of all months of a file with `save_counts`; [] where they were saved before.

    Errors, with nothing stored: those of `save_counts` (StaleEdition where somebody saved since the months were read)
    and of `open_submission`.
    """
    upload = FormFile.objects.select_for_update().get(pk=upload.pk)
    if upload.stored_at is not None:
        return []
    saved = []
    for filled_month in filled:
        edition = filled_month.month.edition
        if not filled_month.month.opened:
            unit, month = (
                filled_month.month.submission.unit,
                Month.from_number(filled_month.month.submission.month),
            )
            edition = open_submission(unit, month, by=by, at=at, days=days).editions.order_by("number").last()
        revision = filled_month.month.edition.revision
        saved.append(
            save_counts(
                edition,
                filled_month.rows,
                by=by,
                revision=revision,
                at=at,
                reasons=filled_month.reasons,
                way=FROM_FILE,
                file=upload.name,
            )
        )
    _mark_stored(upload, at)
    return saved


@transaction.atomic
def save_chosen_cells(
    upload: FormFile,
    edition: Edition,
    rows: RowChanges,
    *,
    by: Any,
    revision: int,
    at: datetime,
    reasons: Mapping[RowKey, str] | None = None,
) -> Edition:
    """Save the cells that the owner chose after a conflict between the file and another saving; logged as from the
    file. Errors: those of `save_counts`.
    """
    more = {"by": by, "revision": revision, "at": at, "reasons": reasons}
    edition = save_counts(edition, rows, **more, way=FROM_FILE, file=upload.name)
    _mark_stored(upload, at)
    return edition


def _mark_stored(upload: FormFile, at: datetime) -> None:
    upload.stored_at, upload.content = at, b""
    upload.save(update_fields=["stored_at", "content"])


def delete_expired_uploads(*, at: datetime) -> int:
    """Delete expired uploads; returns how many."""
    return FormFile.objects.filter(kept_at__lt=at - UPLOADS_KEPT_FOR).delete()[0]
