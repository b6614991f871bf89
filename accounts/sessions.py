"""Browser sessions: storage (settings.SESSION_ENGINE), lists, ending, idle timeout; and the history of sign-ins.
Only this module reads the tables of django-axes.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import starmap
from typing import NamedTuple

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, update_session_auth_hash, user_logged_in
from django.contrib.sessions.backends import db
from django.db import transaction
from django.db.models import F, Model
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from core import network
from core.database import PreparedQuery
from core.forms import ChangeDenied, posted_data
from core.web import Right, requires
from ledger import log

from .models import LEAST_IDLE, SafetyRules, Session, User, hashed_session_key
from .passwords import PasswordConfirmationForm
from .safety_rules import current_safety
from .users import user_subject


def is_idle_too_long(seconds: int) -> bool:
    """Whether a session that was idle for so long is over. No rule ends it sooner than `LEAST_IDLE`, so that most
    requests ask the database for none.
    """
    if seconds <= min(settings.SESSION_IDLE_SECONDS, LEAST_IDLE * 60):
        return False
    minutes = SafetyRules.objects.filter(pk=1).values_list("idle_minutes", flat=True).first()
    return seconds > (settings.SESSION_IDLE_SECONDS if minutes is None else minutes * 60)


SSO_MARK = "sso"

ADDRESS, BROWSER = "address", "browser"
_LONGEST = 300
_MOST = 100
# What a browser calls itself, told by the first word that fits: all of them name older ones as well.
_BROWSERS = (
    ("coc_coc", "Cốc Cốc"), ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("Chrome", "Chrome"), ("CriOS", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"),
    ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


class OpenSession(NamedTuple):
    """A session that is good: `key` names it, and opens nothing; the times are aware."""

    key: str
    own: bool
    device: str
    address: str
    begun: datetime
    seen: datetime


@receiver(user_logged_in)
def note_origin(sender, request: HttpRequest, **kwargs) -> None:
    """Store address and browser in the session."""
    request.session[ADDRESS] = network.client_address(request) or ""
    request.session[BROWSER] = request.META.get("HTTP_USER_AGENT", "")[:_LONGEST]


def device_name(agent: str) -> str:
    """Browser and system from the user agent: "Chrome trên Windows"."""
    names = [next((name for sign, name in kinds if sign in agent), "") for kinds in (_BROWSERS, _SYSTEMS)]
    return " trên ".join(filter(None, names)) or "Không rõ"


def open_sessions_of(request: HttpRequest) -> list[OpenSession]:
    """The reader's sessions, the own one first, then those that were used last."""
    own, user = own_session_key(request), request.user
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-expire_date")[:_MOST]
    idle, fits = current_safety().idle_minutes * 60, user.get_session_auth_hash()
    stored = ((row.session_key, row.get_decoded()) for row in rows)
    sessions = [_open_session(key, data, own) for key, data in stored if data.get(HASH_SESSION_KEY) == fits]
    return sorted(
        (session for session in sessions if _is_alive(session, idle)),
        key=lambda session: (session.own, session.seen),
        reverse=True,
    )


def own_session_key(request: HttpRequest) -> str:
    """The key of the reader's own session, as stored."""
    return hashed_session_key(request.session.session_key or "")


def _open_session(key: str, row: dict, own: str) -> OpenSession:
    # Both are noted with the first request after signing in.
    begun = datetime.fromtimestamp(row.get("begun", time.time()), UTC)
    last_seen = datetime.fromtimestamp(row["seen"], UTC) if "seen" in row else begun
    return OpenSession(
        key, key == own, device_name(row.get(BROWSER, "")), row.get(ADDRESS, ""), begun, last_seen
    )


def _is_alive(session: OpenSession, idle: int) -> bool:
    """Whether its next request would be answered; `idle` in seconds."""
    now = time.time()
    old = now - session.begun.timestamp() > settings.SESSION_ABSOLUTE_SECONDS
    return not old and now - session.seen.timestamp() <= idle


_valid_session = PreparedQuery(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now), str, datetime
)


class SessionStore(db.SessionStore):
    """Named by settings.SESSION_ENGINE."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        session = _valid_session.first(hashed_session_key(self.session_key), timezone.now())
        if session is None:
            self._session_key = None
        return session

    def exists(self, session_key: str) -> bool:
        return super().exists(hashed_session_key(session_key))

    def create_model_instance(self, data: dict) -> Session:
        row = super().create_model_instance(data)
        row.session_key = hashed_session_key(row.session_key)
        row.user_id = data.get(SESSION_KEY)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(session_key=hashed_session_key(key)).delete()


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
        for sign_in in model.objects.filter(**mine).order_by("attempt_time").iterator(1_000):
            yield SignInRecord(
                sign_in.attempt_time, sign_in.ip_address, sign_in.user_agent, model is AccessLog
            )


def failed_sign_ins(since: datetime) -> list[FailedSignIn]:
    """Wrong passwords since a moment among the latest MOST_FAILED, the newest first: there is no index on the time."""
    newest = AccessFailureLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    failures = AccessFailureLog.objects.filter(pk__gt=newest - MOST_FAILED, attempt_time__gte=since)
    return list(
        starmap(FailedSignIn, failures.order_by("-pk").values_list("attempt_time", "username", "locked_out"))
    )


def running_sessions_of(user: User, *, at: datetime) -> Iterator[RunningSession]:
    """The person's sessions that have not run out, whatever has become of the password since."""
    for session in Session.objects.filter(user=user, expire_date__gt=at).order_by("expire_date"):
        rows = session.get_decoded()
        begun, seen = (_moment(rows.get(name), at) for name in ("begun", "seen"))
        yield RunningSession(begun, seen, session.expire_date, rows.get(ADDRESS, ""), rows.get(BROWSER, ""))


def _moment(seconds: int | None, like: datetime) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, like.tzinfo)


def forget_sessions(*, at: datetime) -> int:
    """Delete sessions that have run out, and sign-ins kept for longer than `SIGN_IN_DAYS`; how many, the oldest first
    and at most AT_ONCE of each kind.
    """
    ended = Session.objects.filter(expire_date__lte=at).order_by("expire_date").values_list("pk", flat=True)
    gone = Session.objects.filter(pk__in=list(ended[:AT_ONCE])).delete()[0]
    before = at - timedelta(days=settings.SIGN_IN_DAYS)
    return gone + sum(_delete_before(model, before) for model in (AccessLog, AccessFailureLog, AccessAttempt))


def _delete_before(model: type[Model], before: datetime) -> int:
    """By id, which grows with time: there is no index on the time."""
    oldest = model.objects.order_by("pk").values_list("pk", "attempt_time")[:AT_ONCE]
    return model.objects.filter(pk__in=[number for number, then in oldest if then < before]).delete()[0]


def end_sessions(user: User) -> None:
    """Every session of the person ends at its next request; the caller renews its own."""
    user.session_epoch += 1
    user.save(update_fields=["session_epoch"])


@transaction.atomic
def end_session(user: User, key: str, *, by: User) -> bool:
    """End a session by its stored key; False if the person no longer has it."""
    count, _ = Session.objects.filter(user=user, session_key=key).delete()
    if count:
        log.append("session.end", by=by, subject=user_subject(user), detail={})
    return bool(count)


@transaction.atomic
def end_own_sessions(user: User) -> None:
    """End all sessions of the reader; the caller renews the current one."""
    end_sessions(user)
    log.append("session.end_all", by=user, subject=user_subject(user), detail={})


@transaction.atomic
def end_sessions_of(user: User, *, by: User | None) -> None:
    """End all sessions of somebody else. Errors: ChangeDenied for oneself, which needs the password."""
    if by is not None and by.pk == user.pk:
        raise ChangeDenied("", "Phiên của chính mình thì kết thúc ở trang Phiên đăng nhập của tôi.")
    end_sessions(user)
    log.append("session.end_all", by=by, subject=user_subject(user), detail={})


@transaction.atomic
def end_all_sessions() -> int:
    """End all sessions of everybody, also those that wait for a second step; how many browsers had one."""
    User.objects.update(session_epoch=F("session_epoch") + 1)
    count, _ = Session.objects.all().delete()
    log.append("session.end_everyone", by=None, subject="sessions", detail={"sessions": count})
    return count


OTHER_SESSIONS = "others"


class EndSessionForm(PasswordConfirmationForm):
    """One session of the reader's, or all but the one that asks. `keys` are those that there are."""

    session = forms.ChoiceField(
        error_messages={
            "required": "Chưa chọn phiên nào.",
            "invalid_choice": "Phiên này đã kết thúc. Hãy chọn phiên khác.",
        }
    )
    field_order = ["session", "password"]

    def __init__(self, request: HttpRequest, keys: Iterable[str], *args, **kwargs):
        super().__init__(request, *args, **kwargs)
        self.fields["session"].choices = [(key, key) for key in (OTHER_SESSIONS, *keys)]


@requires(Right.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def own_sessions(request: HttpRequest) -> HttpResponse:
    """Where the reader is signed in; POST ends one of these sessions, or all but this one."""
    user, sessions = request.user, open_sessions_of(request)
    others = [session.key for session in sessions if not session.own]
    password_required = not request.session.get(SSO_MARK)
    form = EndSessionForm(
        request,
        others,
        posted_data(request),
        password_required=password_required,
        initial={"session": OTHER_SESSIONS},
    )
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["session"] == OTHER_SESSIONS:
            end_own_sessions(user)
            update_session_auth_hash(request, user)
            messages.success(request, "Đã kết thúc mọi phiên đăng nhập khác.")
        else:
            end_session(user, form.cleaned_data["session"], by=user)
            messages.success(request, "Đã kết thúc phiên đăng nhập đó.")
        return redirect("sessions")
    context = {"form": form, "sessions": sessions, "others": others, "chosen": form["session"].value()}
    return render(request, "accounts/sessions/sessions.html", context, status=422 if form.errors else 200)
