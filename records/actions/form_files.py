"""Uploaded forms: kept until their owner says so, then stored whole or not at all."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from figures.periods import Calendar, Month
from records.models import Edition, FormFile, Submission
from records.queries.at_hand import AtHand
from records.queries.checks import RowKey
from records.queries.form_files import KEPT_FOR
from units.words import clean

from .common import FILE
from .entry import Rows, open_submission, save_counts

# Of one person; earlier ones give way.
MOST_KEPT = 5
_LONGEST_NAME = 200


class Filled(NamedTuple):
    """What a form changes in a month."""

    month: AtHand
    rows: Rows
    reasons: dict[Any, str]


@transaction.atomic
def keep_form(content: bytes, name: str, submission: Submission | None, *, by: Any, at: datetime) -> FormFile:
    """Keep an upload for its owner; earlier ones of this person go where they are too many."""
    mine = FormFile.objects.filter(owner=by).order_by("-pk").values_list("pk", flat=True)
    FormFile.objects.filter(pk__in=list(mine[MOST_KEPT - 1 :])).delete()
    return FormFile.objects.create(
        token=secrets.token_urlsafe(32),
        owner=by,
        submission=submission,
        name=clean(name)[:_LONGEST_NAME],
        content=content,
        kept_at=at,
    )


@transaction.atomic
def store_forms(
    kept: FormFile, filled: Sequence[Filled], *, by: Any, at: datetime, days: Calendar
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
                way=FILE,
                file=kept.name,
            )
        )
    _stored(kept, at)
    return saved


@transaction.atomic
def store_chosen(
    kept: FormFile,
    edition: Edition,
    rows: Rows,
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
    edition = save_counts(edition, rows, **more, way=FILE, file=kept.name)
    _stored(kept, at)
    return edition


def _stored(kept: FormFile, at: datetime) -> None:
    kept.stored_at, kept.content = at, b""
    kept.save(update_fields=["stored_at", "content"])


def forget_forms(*, at: datetime) -> int:
    """Uploads that are over, with their bytes; how many there were."""
    return FormFile.objects.filter(kept_at__lt=at - KEPT_FOR).delete()[0]
