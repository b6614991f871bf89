"""Log entries of actions on editions, and who is named and responsible in them."""

from datetime import datetime
from typing import Any

from figures.periods import Month
from ledger import log
from records.models import Edition
from units.models import System


def saved_detail(edition: Edition, way: str, follows: str, cells: dict[str, Any]) -> dict[str, Any]:
    """The log detail of a saving. `follows`: who saved before; stored only where that was a file, whose own log entry
    names no cells (records.change_history looks it up by this name).
    """
    detail: dict[str, Any] = {"revision": edition.revision, "way": way, "cells": cells}
    if follows.startswith(Edition.FROM_FILE):
        detail["follows"] = follows
    return detail


def actor_name(actor: Any) -> str:
    """The name stored on the edition for who acted."""
    return log.SYSTEM if actor is None else (str(actor) or actor.get_username())


def responsible_person(actor: Any) -> int | None:
    """The id of the person who answers for what is entered or sent, and so may not approve it: for an API token its
    creator; None for this system itself.
    """
    return actor.token.created_by_id if isinstance(actor, System) else actor and actor.pk


def log_edition(
    action: str, edition: Edition, *, by: Any, at: datetime, detail: dict[str, Any] | None = None
) -> None:
    submission = edition.submission
    log.append(
        f"submission.{action}",
        by=by,
        subject=submission.subject,
        detail={
            "unit": submission.unit.code,
            "month": str(Month.from_number(submission.month)),
            "edition": edition.number,
            **(detail or {}),
        },
        at=at,
    )
