"""Tokens of other systems (administrators): list, new one, revoked one."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.web.forms import posted_data
from core.web.pagination import page_of
from core.web.rights import Right, requires
from spreadsheets.table_file import requested_file
from units.access.forms import administered_unit
from units.activity_log.files import log_file
from units.activity_log.queries import all_log_lines, latest_log_lines
from units.models import Token, TokenScope

from . import actions
from .actions import token_subject
from .files import tokens_file
from .forms import TokenForm
from .queries import managed_tokens, token_for


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """Every token for units that the reader administers; a POST makes one and shows its secret, this once."""
    form = TokenForm(posted_data(request))
    known = managed_tokens(request.user, request.day)
    if file := requested_file(request, {"": lambda: tokens_file(known, timezone.now())}):
        return file
    if request.method == "POST" and form.is_valid():
        unit = administered_unit(request, form)
        if unit is not None:
            data = form.cleaned_data
            made, secret = actions.create_token(
                data["name"], unit, data["scopes"], data["days"], by=request.user, at=timezone.now()
            )
            context = {"token": made, "secret": secret, "granted": _granted(made)}
            return render(request, "units/tokens/token_created.html", context)
    return _list(request, form, known)


def _list(request: HttpRequest, form: TokenForm, found: QuerySet) -> HttpResponse:
    page = page_of(request, found)
    rows = [{"token": one, **_words(one)} for one in page]
    context = {"form": form, "page": page, "rows": rows}
    return render(request, "units/tokens/list.html", context, status=422 if form.errors else 200)


def _words(token: Token) -> dict:
    """What a token is good for, and whether it is, as pages say it (of one that `keys` read)."""
    if token.revoked_at is not None:
        state = "lock", "Đã thu hồi"
    elif not token.is_valid(timezone.now()):
        state = "none", "Hết hạn"
    elif not token.answered:
        state = "back", "Đã ngừng: người cấp không còn quản trị"
    else:
        state = "ok", "Đang dùng được"
    return {"granted": _granted(token), "state": state}


def _granted(token: Token) -> list[str]:
    return [TokenScope(one).label for one in token.scopes.split()]


@requires(Right.MANAGE)
@require_safe
def token_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One token with its log."""
    found = token_for(request.user, pk, request.day)
    title = f"Nhật ký thay đổi của khóa {found.name}"
    log = {"nhat-ky": lambda: log_file(title, all_log_lines(token_subject(found)), timezone.now())}
    if file := requested_file(request, log):
        return file
    context = {"token": found, "history": latest_log_lines(token_subject(found)), **_words(found)}
    return render(request, "units/tokens/token.html", context)


@requires(Right.MANAGE)
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    found = token_for(request.user, pk, request.day)
    if actions.revoke_token(found, by=request.user, at=timezone.now()):
        messages.success(request, f"Đã thu hồi khóa truy cập của {found.name}.")
    return redirect("units:token", pk)
