"""The open sessions of a user: where from, since when, and which one is the reader's own."""

import time
from datetime import UTC, datetime
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Session, hashed_session_key
from accounts.safety.queries import current_safety
from core import network

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
    """Keep in the session where it was opened."""
    request.session[ADDRESS] = network.client_address(request) or ""
    request.session[BROWSER] = request.META.get("HTTP_USER_AGENT", "")[:_LONGEST]


def device_name(agent: str) -> str:
    """Roughly which browser on what, as it says of itself: "Chrome trên Windows"."""
    names = [next((name for sign, name in kinds if sign in agent), "") for kinds in (_BROWSERS, _SYSTEMS)]
    return " trên ".join(filter(None, names)) or "Không rõ"


def open_sessions_of(request: HttpRequest) -> list[OpenSession]:
    """The reader's sessions, the own one first, then those that were used last."""
    own, user = own_session_key(request), request.user
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-expire_date")[:_MOST]
    idle, fits = current_safety().idle_minutes * 60, user.get_session_auth_hash()
    held = ((row.session_key, row.get_decoded()) for row in rows)
    found = [_open_session(key, kept, own) for key, kept in held if kept.get(HASH_SESSION_KEY) == fits]
    return sorted(
        (one for one in found if _is_alive(one, idle)), key=lambda one: (one.own, one.seen), reverse=True
    )


def own_session_key(request: HttpRequest) -> str:
    """What names the reader's own session."""
    return hashed_session_key(request.session.session_key or "")


def _open_session(key: str, kept: dict, own: str) -> OpenSession:
    # Both are noted with the first request after signing in.
    begun = datetime.fromtimestamp(kept.get("begun", time.time()), UTC)
    seen = datetime.fromtimestamp(kept["seen"], UTC) if "seen" in kept else begun
    return OpenSession(
        key, key == own, device_name(kept.get(BROWSER, "")), kept.get(ADDRESS, ""), begun, seen
    )


def _is_alive(one: OpenSession, idle: int) -> bool:
    """Whether its next request would be answered; `idle` in seconds."""
    now = time.time()
    old = now - one.begun.timestamp() > settings.SESSION_ABSOLUTE_SECONDS
    return not old and now - one.seen.timestamp() <= idle
