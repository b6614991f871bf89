"""Reads figures from a replica of the database, if there is one (CCHC_REPLICA_URL, docs/decisions/0019).

While a view runs, the replica replaces the default connection, so that all its queries, plain SQL and prepared queries
included, use one database. Rights are read before, from the database itself.
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
# URL names of pages that only show figures. Entry and approval always read the database itself.
FIGURES = frozenset({"dashboard", "dashboard_csv", "dashboard_xlsx", "chart", "api_summary"})
COOKIE = "cchc-written"
# Seconds without attempts after the replica failed, in which no request waits for it.
REST = 10
_POSITION = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}", re.ASCII)
_READING = ("GET", "HEAD")
# Whether it is connected to its source, not too far behind, and past what the user wrote.
_SERVES = """SELECT pg_is_in_recovery() AND EXISTS (SELECT FROM pg_stat_wal_receiver)
AND (pg_last_wal_replay_lsn() = pg_last_wal_receive_lsn()
    OR pg_last_xact_replay_timestamp() > now() - make_interval(secs => %s))
AND pg_last_wal_replay_lsn() >= %s::pg_lsn"""
_FIRST_POSITION = "0/0"


class FiguresFromReplica:
    """Serves pages of figures from the replica, unless it is down or lags behind what the user wrote.

    After a write the WAL position (LSN) is stored in a cookie and compared with that of the replica. Must be the last
    in settings.MIDDLEWARE, after the check of rights.
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
        """The response of the view from the replica; None to run it on the database itself."""
        if request.method not in _READING or request.resolver_match.url_name not in FIGURES:
            return None
        if time.monotonic() < self._rests_until or _may_write_unseen(request.user):
            return None
        # Cached with the user here: the replica may still have a revoked role.
        memberships_of(request.user, request.day)
        replica = connections[ALIAS]
        try:
            if not _serves(replica, request.COOKIES.get(COOKIE, _FIRST_POSITION)):
                return None
            with _as_default(replica):
                return view(request, *args, **kwargs)
        except Error:
            # Down, or it cancelled the query because of replay: reading again is safe.
            self._rests_until = time.monotonic() + REST
            replica.close()
            return None


def _may_write_unseen(user: Any) -> bool:
    """Whether this is another system that may write: it sends no cookie with the position of its last write."""
    return isinstance(user, System) and TokenScope.WRITE in user.token.granted


def _serves(replica: Any, written: str) -> bool:
    if not _POSITION.fullmatch(written):
        return False
    with replica.cursor() as cursor:
        cursor.execute(_SERVES, [settings.REPLICA_LAG_SECONDS, written])
        return bool(cursor.fetchone()[0])


@contextmanager
def _as_default(replica: Any) -> Iterator[None]:
    """Within it the replica is the default connection of this thread."""
    default = connections["default"]
    connections["default"] = replica
    try:
        yield
    finally:
        connections["default"] = default


def _remember(response: Any) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            position = cursor.fetchone()[0]
    except DatabaseError:
        return  # the response reports the failure already
    response.set_cookie(
        COOKIE,
        position,
        max_age=settings.SESSION_ABSOLUTE_SECONDS,
        secure=settings.PRODUCTION,
        httponly=True,
        samesite="Lax",
    )
