"""Sessions in the database, as Django keeps them; reading one, with which every request begins, is kept ready."""

from datetime import datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from units.compiled import Compiled

_valid = Compiled(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now), str, datetime
)


class SessionStore(db.SessionStore):
    """Named by settings.SESSION_ENGINE."""

    def _get_session_from_db(self) -> Session | None:
        found = _valid.first(self.session_key, timezone.now())
        if found is None:
            self._session_key = None
        return found
