"""Between the password and the code: who is signing in, kept in a session that belongs to nobody yet."""

import time
from collections.abc import Sequence

from django.contrib.auth import login
from django.http import HttpRequest

from accounts.models import User
from accounts.second_factor import devices

_KEY = "second_step"
_SECONDS = 300
# Each wrong code is waited for longer (accounts.second_factor.devices); after these the password is asked for again.
_MOST_WRONG = 5


def begin(request: HttpRequest, user: User, to: str, *, marks: Sequence[str] = ()) -> None:
    """The first step is done; `to` is where the person wants to go, `marks` are set in the session to come."""
    request.session.cycle_key()
    request.session[_KEY] = {
        "person": user.pk,
        "backend": user.backend,
        "hash": user.get_session_auth_hash(),
        "at": int(time.time()),
        "to": to,
        "wrong": 0,
        "marks": [devices.FACTOR_MARK, *marks],
    }


def user_of(request: HttpRequest) -> User | None:
    """Whose code is waited for; None where nobody's, too late, or where the account has changed meanwhile."""
    kept = request.session.get(_KEY)
    if kept is None:
        return None
    user = User.objects.filter(pk=kept["person"], is_active=True).first()
    late = time.time() - kept["at"] > _SECONDS
    if user is None or late or user.get_session_auth_hash() != kept["hash"]:
        del request.session[_KEY]
        return None
    user.backend = kept["backend"]
    return user


def count_wrong_code(request: HttpRequest) -> bool:
    """Count a wrong code; False once there were too many, and the password is asked for again."""
    kept = request.session[_KEY] | {"wrong": request.session[_KEY]["wrong"] + 1}
    if kept["wrong"] >= _MOST_WRONG:
        del request.session[_KEY]
        return False
    request.session[_KEY] = kept
    return True


def finish(request: HttpRequest, user: User) -> str:
    """Sign in; where the person wants to go."""
    kept = request.session.pop(_KEY)
    login(request, user)
    for mark in kept["marks"]:
        request.session[mark] = True
    return kept["to"]
