"""What a user must do before anything else: choose a password, or set up the second factor that a role
requires.
"""

from datetime import date

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from accounts.second_factor.devices import FACTOR_MARK
from accounts.sessions.queries import SSO_MARK
from units.models import Membership, System


def next_step(request: HttpRequest, view, *, as_page: bool) -> HttpResponse | None:
    """Where to do it; None for who owes nothing, and for the pages where it is done. Programs and scripts
    (`as_page` False) are refused. Errors: PermissionDenied.
    """
    if isinstance(request.user, System):
        return None
    if not getattr(view, "allowed_before_change", False) and _must_change_password(request):
        return _lead(as_page, "password_change", "Phải đổi mật khẩu trước khi làm việc khác.")
    if not getattr(view, "allowed_before_factor", False) and lacks_factor(request):
        words = "Vai trò của bạn phải bật xác thực hai bước trước khi làm việc khác."
        return _lead(as_page, "factor", words)
    return None


def _must_change_password(request: HttpRequest) -> bool:
    """An issued one is for one use, and one of their own for as long as the rules of safety say; who came by single
    sign-on needs none.
    """
    due = request.user.password_due
    over = due is not None and due <= request.day
    return (request.user.must_change_password or over) and not request.session.get(SSO_MARK)


def _lead(as_page: bool, to: str, words: str) -> HttpResponse:
    if not as_page:
        raise PermissionDenied(words)
    return redirect(to)


def is_factor_required(user: User, day: date) -> bool:
    """Whether a role that the person holds asks for a second factor. Demo accounts are for looking around: never."""
    roles = settings.SECOND_FACTOR_ROLES
    if not roles or user.demo:
        return False
    return Membership.objects.valid_on(day).filter(user=user, role__in=roles).exists()


def lacks_factor(request: HttpRequest) -> bool:
    """Whether the reader works without the second factor that a role asks for (it may have been given just now)."""
    if not settings.SECOND_FACTOR_ROLES or request.session.get(FACTOR_MARK):
        return False
    return is_factor_required(request.user, request.day)
