"""What a person owes before anything else: a password of their own, or a new one, and a second factor."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from . import factors, sso
from .models import System


def owed(request: HttpRequest, view, *, as_page: bool) -> HttpResponse | None:
    """Where to do it; None for who owes nothing, and for the pages where it is done. Programs and scripts
    (`as_page` False) are refused. Errors: PermissionDenied.
    """
    if isinstance(request.user, System):
        return None
    if not getattr(view, "allowed_before_change", False) and _owes_password(request):
        return _lead(as_page, "password_change", "Phải đổi mật khẩu trước khi làm việc khác.")
    if not getattr(view, "allowed_before_factor", False) and factors.lacking(request):
        words = "Vai trò của bạn phải bật xác thực hai bước trước khi làm việc khác."
        return _lead(as_page, "factor", words)
    return None


def _owes_password(request: HttpRequest) -> bool:
    """An issued one is for one use, and one of their own for as long as the rules of safety say; who came by single
    sign-on needs none.
    """
    due = request.user.password_due
    over = due is not None and due <= request.day
    return (request.user.must_change_password or over) and not request.session.get(sso.IN_SESSION)


def _lead(as_page: bool, to: str, words: str) -> HttpResponse:
    if not as_page:
        raise PermissionDenied(words)
    return redirect(to)
