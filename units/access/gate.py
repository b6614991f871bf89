"""Checks the declared right of a view before it runs; the middleware calls it for every request."""

from datetime import date
from functools import partial

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from accounts.safety.queries import current_safety
from core import network
from core.web.problem_json import accepts_only_json, problem_response
from core.web.rights import Right

from . import required_steps
from .queries import is_administrator


def gate(request: HttpRequest, view, day: date) -> HttpResponse | None:
    """Called by the middleware before each view: None lets it run. Programs are answered 401 instead of 302."""
    right = getattr(view, "declared_right", None)
    if right is None:
        raise PermissionDenied("Trang này chưa khai báo quyền.")
    request.day = day
    # For the page of the second factor, which knows no roles.
    request.requires_factor = partial(required_steps.is_factor_required, request.user, day)
    if right is Right.PUBLIC or getattr(view, "login_url_name", None):
        return None
    if not request.user.is_authenticated:
        login = redirect_to_login(request.get_full_path())
        if request.path.startswith("/api/") or accepts_only_json(request):
            more = {} if request.path.startswith("/api/") else {"login": login.url}
            answer = problem_response(401, "not_signed_in", "Chưa đăng nhập.", **more)
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        return login
    owed = required_steps.next_step(request, view, as_page=not accepts_only_json(request))
    if owed is not None:
        return owed
    if right is Right.MANAGE and not network.is_address_allowed(
        current_safety().addresses, network.client_address(request)
    ):
        raise Http404
    if (
        right is Right.MANAGE
        and not getattr(view, "by_unit", False)
        and not is_administrator(request.user, day)
    ):
        raise PermissionDenied("Chỉ người quản trị dùng được trang này.")
    return None
