"""Figures are read from a replica of the database where there is one (CCHC_REPLICA_URL, docs/decisions/0019).

All that one page reads comes from one database, plain SQL and kept statements included: for the time of its view the
replica stands where the product looks for its database. Rights are looked up before, in the database itself.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DatabaseError, Error, connection, connections

from units.access.queries import memberships_of
from units.models import System, TokenScope

ALIAS = "replica"
# Names of the addresses that show figures and change nothing. Entry and approval always see the newest.
FIGURES = frozenset({"dashboard", "dashboard_csv", "dashboard_xlsx", "chart", "api_summary"})
COOKIE = "cchc-written"
# How long a replica that failed is left alone, in seconds: nobody else waits for it meanwhile.
REST = 10
_POSITION = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}", re.ASCII)
_READING = ("GET", "HEAD")
# Connected to its source, not too far behind it, and past what the reader wrote.
_SERVES = """SELECT pg_is_in_recovery() AND EXISTS (SELECT FROM pg_stat_wal_receiver)
AND (pg_last_wal_replay_lsn() = pg_last_wal_receive_lsn()
    OR pg_last_xact_replay_timestamp() > now() - make_interval(secs => %s))
AND pg_last_wal_replay_lsn() >= %s::pg_lsn"""
_FIRST_POSITION = "0/0"


class FiguresFromReplica:
    """Sends the reading of figures to the replica, unless it lags behind what the reader wrote, or is down.

    Whoever writes carries the place in the database's journal (LSN) after it in a cookie: it is compared with how far
    the replica has come. It must be the last in settings.MIDDLEWARE, behind what checks rights.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self._rests_until = 0.0

    def __call__(self, request):
        response = self.get_response(request)
        if request.method not in (*_READING, "OPTIONS") and request.user.is_authenticated:
            _remember(response)
        return response

    def process_view(self, request, view, args, kwargs):
        """The view's answer from the replica; None lets it run on the database itself."""
        if request.method not in _READING or request.resolver_match.url_name not in FIGURES:
            return None
        if time.monotonic() < self._rests_until or _may_write_unseen(request.user):
            return None
        # Kept with the user: never by a copy in which a role may still stand.
        memberships_of(request.user, request.day)
        replica = connections[ALIAS]
        try:
            if not _serves(replica, request.COOKIES.get(COOKIE, _FIRST_POSITION)):
                return None
            with _in_place(replica):
                return view(request, *args, **kwargs)
        except Error:
            # Down, or it ended the question for what it has to replay: reading may be done twice.
            self._rests_until = time.monotonic() + REST
            replica.close()
            return None


def _may_write_unseen(user: Any) -> bool:
    """Whether this is another system that may write: it keeps no cookie that would tell what it wrote last."""
    return isinstance(user, System) and TokenScope.WRITE in user.token.granted


def _serves(replica: Any, written: str) -> bool:
    if not _POSITION.fullmatch(written):
        return False
    with replica.cursor() as cursor:
        cursor.execute(_SERVES, [settings.REPLICA_LAG_SECONDS, written])
        return bool(cursor.fetchone()[0])


@contextmanager
def _in_place(replica: Any) -> Iterator[None]:
    """Within it this thread reads from the replica whatever it reads."""
    itself = connections["default"]
    connections["default"] = replica
    try:
        yield
    finally:
        connections["default"] = itself


def _remember(response: Any) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            position = cursor.fetchone()[0]
    except DatabaseError:
        return  # the answer says already that nothing could be written
    response.set_cookie(
        COOKIE,
        position,
        max_age=settings.SESSION_ABSOLUTE_SECONDS,
        secure=settings.PRODUCTION,
        httponly=True,
        samesite="Lax",
    )
