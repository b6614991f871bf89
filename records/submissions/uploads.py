"""Uploaded forms, kept for their owner until confirmed, then saved whole or not at all."""

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
from .locks import FROM_FILE
from .month_status import WorkingEdition

UPLOADS_KEPT_FOR = timedelta(hours=24)


def uploaded_form(token: str, owner: Any, at: datetime) -> FormFile | None:
    """The upload of this person by its name, with submission and unit; None where it is somebody else's, over its time,
    or unknown.
    """
    kept = FormFile.objects.filter(token=token, owner=owner, kept_at__gte=at - UPLOADS_KEPT_FOR)
    return kept.select_related("submission__unit").first()


# Of one person; earlier ones give way.
MAX_UPLOADS = 5
_LONGEST_NAME = 200


class FilledMonth(NamedTuple):
    """What a form changes in a month."""

    month: WorkingEdition
    rows: RowChanges
    reasons: dict[Any, str]


@transaction.atomic
def keep_uploaded_form(
    content: bytes, name: str, submission: Submission | None, *, by: Any, at: datetime
) -> FormFile:
    """Keep an upload for its owner; earlier ones of this person go where they are too many."""
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
    kept: FormFile, filled: Sequence[FilledMonth], *, by: Any, at: datetime, days: Calendar
) -> list[Edition]:
    """Save what the forms of a file change, through the same action as the page; nothing the second time.

    Errors, with nothing stored: those of `save_counts` (StaleEdition where somebody saved since the months were read)
    and `open_submission`.
    """
    kept = FormFile.objects.select_for_update().get(pk=kept.pk)
    if kept.stored_at is not None:
        return []
    saved = []
    for one in filled:
        edition = one.month.edition
        if not one.month.opened:
            unit, month = one.month.submission.unit, Month.from_number(one.month.submission.month)
            edition = open_submission(unit, month, by=by, at=at, days=days).editions.order_by("number").last()
        revision = one.month.edition.revision
        saved.append(
            save_counts(
                edition,
                one.rows,
                by=by,
                revision=revision,
                at=at,
                reasons=one.reasons,
                way=FROM_FILE,
                file=kept.name,
            )
        )
    _stored(kept, at)
    return saved


@transaction.atomic
def save_chosen_cells(
    kept: FormFile,
    edition: Edition,
    rows: RowChanges,
    *,
    by: Any,
    revision: int,
    at: datetime,
    reasons: Mapping[RowKey, str] | None = None,
) -> Edition:
    """Save what its owner chose, cell by cell, where the file and somebody else had changed the same: told by the log
    as from the file. Errors as those of `save_counts`.
    """
    more = {"by": by, "revision": revision, "at": at, "reasons": reasons}
    edition = save_counts(edition, rows, **more, way=FROM_FILE, file=kept.name)
    _stored(kept, at)
    return edition


def _stored(kept: FormFile, at: datetime) -> None:
    kept.stored_at, kept.content = at, b""
    kept.save(update_fields=["stored_at", "content"])


def delete_expired_uploads(*, at: datetime) -> int:
    """Uploads that are over, with their bytes; how many there were."""
    return FormFile.objects.filter(kept_at__lt=at - UPLOADS_KEPT_FOR).delete()[0]
