"""What is kept of sign-ins and sessions, and for how long.

Only this module reads the tables of django-axes.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import starmap
from typing import NamedTuple

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.db.models import Model
from django.db.models.signals import pre_save
from django.dispatch import receiver

from accounts.models import Session, User

from .queries import ADDRESS, BROWSER

# Deleted in one run; a timer calls it every minute.
AT_ONCE = 1_000
MOST_FAILED = 10_000


class SignInRecord(NamedTuple):
    """A sign-in, or a try of one: when, from where, with what; whether it succeeded."""

    at: datetime
    address: str | None
    browser: str
    succeeded: bool


class FailedSignIn(NamedTuple):
    """A wrong password: when, for which name as it was typed, whether it locked the name at that address."""

    at: datetime
    username: str
    locked: bool


class RunningSession(NamedTuple):
    """A session that has not ended: since when, the last request (None: not kept), until when at most, and where it
    was opened.
    """

    begun: datetime | None
    seen: datetime | None
    until: datetime
    address: str
    browser: str


@receiver(pre_save, sender=AccessAttempt)
def clear_typed_fields(sender, instance: AccessAttempt, **kwargs) -> None:
    """Keep nothing of what was typed with a wrong password: django-axes would store all fields but one that is named
    "password", and so the old and the new one where it is changed.
    """
    instance.get_data = instance.post_data = ""


def sign_ins_of(user: User) -> Iterator[SignInRecord]:
    """Everything that is kept under the person's sign-in name, the oldest first, failures behind what succeeded."""
    mine = {"username__iexact": user.get_username()}
    for model in (AccessLog, AccessFailureLog, AccessAttempt):
        for one in model.objects.filter(**mine).order_by("attempt_time").iterator(1_000):
            yield SignInRecord(one.attempt_time, one.ip_address, one.user_agent, model is AccessLog)


def failed_sign_ins(since: datetime) -> list[FailedSignIn]:
    """Wrong passwords since a moment among the latest MOST_FAILED, the newest first: there is no index on the time."""
    newest = AccessFailureLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found = AccessFailureLog.objects.filter(pk__gt=newest - MOST_FAILED, attempt_time__gte=since)
    return list(
        starmap(FailedSignIn, found.order_by("-pk").values_list("attempt_time", "username", "locked_out"))
    )


def running_sessions_of(user: User, *, at: datetime) -> Iterator[RunningSession]:
    """The person's sessions that have not run out, whatever has become of the password since."""
    for session in Session.objects.filter(user=user, expire_date__gt=at).order_by("expire_date"):
        held = session.get_decoded()
        begun, seen = (_moment(held.get(name), at) for name in ("begun", "seen"))
        yield RunningSession(begun, seen, session.expire_date, held.get(ADDRESS, ""), held.get(BROWSER, ""))


def _moment(seconds: int | None, like: datetime) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, like.tzinfo)


def forget(*, at: datetime) -> int:
    """Delete sessions that have run out, and sign-ins kept for longer than `SIGN_IN_DAYS`; how many, the oldest first
    and at most AT_ONCE of each kind.
    """
    ended = Session.objects.filter(expire_date__lte=at).order_by("expire_date").values_list("pk", flat=True)
    gone = Session.objects.filter(pk__in=list(ended[:AT_ONCE])).delete()[0]
    before = at - timedelta(days=settings.SIGN_IN_DAYS)
    return gone + sum(_delete_before(model, before) for model in (AccessLog, AccessFailureLog, AccessAttempt))


def _delete_before(model: type[Model], before: datetime) -> int:
    """By number, which grows with time: there is no index on the time."""
    oldest = model.objects.order_by("pk").values_list("pk", "attempt_time")[:AT_ONCE]
    return model.objects.filter(pk__in=[number for number, then in oldest if then < before]).delete()[0]
