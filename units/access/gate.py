"""Checks before every view: its declared right, and steps that the user must take first (change the password, set
up the second factor); also the notice for users without a role.
"""

from datetime import date
from functools import partial
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from accounts.safety_rules import current_safety
from accounts.second_factor import FACTOR_MARK
from accounts.sessions import SSO_MARK
from core import network
from core.dates import format_day
from core.web import Right, accepts_only_json, problem_response
from units.models import AccountOrigin, Membership, System

from .queries import is_administrator, memberships_of


def next_step(request: HttpRequest, view, *, as_page: bool) -> HttpResponse | None:
    """Redirect to the step that the user must take first; None if there is none, and on the page of the step itself.

    Errors: PermissionDenied instead of the redirect for programs and scripts (`as_page` False).
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
    """An issued password must be changed at once, one's own when the safety rules say; not after single sign-on."""
    due = request.user.password_due
    over = due is not None and due <= request.day
    return (request.user.must_change_password or over) and not request.session.get(SSO_MARK)


def _lead(as_page: bool, to: str, words: str) -> HttpResponse:
    if not as_page:
        raise PermissionDenied(words)
    return redirect(to)


def is_factor_required(user: User, day: date) -> bool:
    """Whether a role of the user requires a second factor. Never for demo accounts."""
    roles = settings.SECOND_FACTOR_ROLES
    if not roles or user.demo:
        return False
    return Membership.objects.valid_on(day).filter(user=user, role__in=roles).exists()


def lacks_factor(request: HttpRequest) -> bool:
    """Whether the session lacks a second factor that a role requires (the role may be new)."""
    if not settings.SECOND_FACTOR_ROLES or request.session.get(FACTOR_MARK):
        return False
    return is_factor_required(request.user, request.day)


class NoRoleNotice(NamedTuple):
    """Why there is no role, and whom to ask, in Vietnamese."""

    why: str
    whom: str


def no_role_notice(user: User, day: date) -> NoRoleNotice | None:
    """None for users with a role. Two queries, one more than for every page."""
    if memberships_of(user, day):
        return None
    roles = list(user.memberships.select_related("unit").order_by("valid_from", "pk"))
    upcoming = next((role for role in roles if role.valid_from > day), None)
    if upcoming:
        why = f"Vai trò của bạn ở {upcoming.unit.name} bắt đầu từ ngày {format_day(upcoming.valid_from)}."
    elif roles:
        last = max(roles, key=lambda role: role.valid_until or date.max)
        why = (
            f"Vai trò của bạn ở {last.unit.name} đã hết hiệu lực từ sau ngày {format_day(last.valid_until)}."
        )
    else:
        why = "Bạn đã đăng nhập, nhưng tài khoản này chưa có vai trò ở đơn vị nào."
    units = [role.unit for role in (upcoming, *reversed(roles)) if role]
    units += [role.unit for role in AccountOrigin.objects.filter(user=user).select_related("unit")]
    there = next((unit for unit in units if not unit.is_over(day)), None)
    whom = there.name if there else "đơn vị nơi bạn làm việc, hoặc của đơn vị cấp trên"
    return NoRoleNotice(f"{why} Vì thế chưa xem, chưa nhập được số liệu.", f"Quản trị viên của {whom}")


def gate(request: HttpRequest, view, day: date) -> HttpResponse | None:
    """Called by the middleware before each view; None lets it run. Programs get 401 instead of 302."""
    right = getattr(view, "declared_right", None)
    if right is None:
        raise PermissionDenied("Trang này chưa khai báo quyền.")
    request.day = day
    # For the page of the second factor in accounts, which cannot import roles.
    request.requires_factor = partial(is_factor_required, request.user, day)
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
    step = next_step(request, view, as_page=not accepts_only_json(request))
    if step is not None:
        return step
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
