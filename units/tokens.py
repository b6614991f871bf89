"""API tokens of other systems: creation, revocation, authentication (acceptance S6) and their pages.

Read from `Authorization: Bearer …` only, since addresses end up in logs and histories. A token is valid only as
long as its creator administers the unit (docs/decisions/0027).
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import DatabaseError, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from core import rate_limit
from core.forms import REQUIRED, CleanTextField, posted_data
from core.text import clean_text
from core.web import Right, page_of, problem_response, requires
from ledger import log
from spreadsheets.table_writer import ROWS_AT_ONCE, TableColumn, TableFile, requested_file, table_rows
from units.access.queries import ROLES, administered_unit, managed_condition

from .activity_log import all_log_lines, latest_log_lines, log_file
from .models import Membership, System, Token, TokenScope, Unit

# So that leaked secrets can be searched for in files and logs.
PREFIX = "cchc_"
_BYTES = 32
# A token in constant use is not updated with every request.
_LAST_USED_INTERVAL = timedelta(minutes=1)


def token_subject(token: Token) -> str:
    """How the log names a token."""
    return f"token:{token.pk}"


def secret_digest(secret: str) -> str:
    """The stored form of a secret: SHA-256 in 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


@transaction.atomic
def create_token(
    name: str, unit: Unit, scopes: Collection[str], days: int, *, by: User | None, at: datetime
) -> tuple[Token, str]:
    """Create a token; returns it with its secret of 256 bits, which is shown once and stored nowhere.

    Errors: ValueError (Vietnamese) unless `days` is 1 to settings.TOKEN_DAYS and `scopes` has a scope.
    """
    if not 1 <= days <= settings.TOKEN_DAYS:
        raise ValueError(f"Khóa truy cập dùng được từ 1 đến {settings.TOKEN_DAYS} ngày.")
    granted = [scope for scope in TokenScope.values if scope in scopes]
    if not granted:
        raise ValueError("Chọn ít nhất một việc mà hệ thống được làm.")
    secret = PREFIX + secrets.token_urlsafe(_BYTES)
    token = Token.objects.create(
        name=clean_text(name),
        unit=unit,
        scopes=" ".join(granted),
        secret_sha256=secret_digest(secret),
        created_at=at,
        expires_at=at + timedelta(days=days),
        created_by=by,
    )
    detail = {"name": token.name, "unit": unit.pk, "unit_code": unit.code, "scopes": token.scopes}
    log.append(
        "token.create", by=by, subject=token_subject(token), detail=detail | {"expires": token.expires_at}
    )
    return token, secret


@transaction.atomic
def revoke_token(token: Token, *, by: User | None, at: datetime) -> bool:
    """Revoke the token from the next request on; False if it was revoked already."""
    updated = Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at)
    if updated:
        log.append("token.revoke", by=by, subject=token_subject(token), detail={"name": token.name})
    return bool(updated)


def note_use(token: Token, *, at: datetime) -> None:
    """Store when the token was last used, to the minute. A read-only database must not stop readers."""
    before = at - _LAST_USED_INTERVAL
    if token.last_used_at is not None and token.last_used_at > before:
        return
    with suppress(DatabaseError):
        unused = Q(last_used_at=None) | Q(last_used_at__lte=before)
        Token.objects.filter(unused, pk=token.pk).update(last_used_at=at)


def with_answered(tokens: QuerySet[Token], day: date) -> QuerySet[Token]:
    """Annotates `answered`: whether the creator still administers the unit on the day; true without a known creator."""
    able = (
        Membership.objects.valid_on(day)
        .filter(user=OuterRef("created_by"), user__is_active=True, role__in=ROLES[Right.MANAGE])
        .annotate(of=ExpressionWrapper(OuterRef("unit__path"), output_field=Unit._meta.get_field("path")))
        .filter(of__startswith=F("unit__path"))
    )
    still = Q(created_by=None) | Exists(able)
    return tokens.annotate(answered=ExpressionWrapper(still, output_field=BooleanField()))


def managed_tokens(user: User, day: date) -> QuerySet[Token]:
    """The tokens for units that the user administers, each with unit, creator and `answered`."""
    own = Token.objects.filter(unit__in=Unit.objects.filter(managed_condition(user, day)))
    return with_answered(own.select_related("unit", "created_by"), day)


def token_for(user: User, pk: int, day: date) -> Token:
    """Fetch a token to manage, or 404."""
    return get_object_or_404(managed_tokens(user, day), pk=pk)


def working_tokens_of(person: User, day: date, at) -> Iterable[Token]:
    """The working tokens created by a person, which stop working with the person's role."""
    tokens = with_answered(Token.objects.valid_at(at).filter(created_by=person).select_related("unit"), day)
    return [token for token in tokens if token.answered]


_MINUTE = 60
_IN_ADDRESS = ("access_token", "token", "api_key")


def authenticate_token(request: HttpRequest, at: datetime, day: date) -> HttpResponse | None:
    """Set `request.user` to the system of the request's token; returns a response if the token is refused.

    An invalid token is refused even beside a session: the caller meant to act by it.
    """
    if token_in_address(request):
        message = "Khóa truy cập không được ghi trong địa chỉ. Gửi trong tiêu đề Authorization; khóa đã lộ thì thu hồi."
        return unauthorized("token_in_address", message)
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    tokens = with_answered(Token.objects.select_related("unit"), day)
    token = tokens.filter(secret_sha256=secret_digest(secret.strip())).first()
    if token is None or not token.is_valid(at):
        return unauthorized("bad_token", "Khóa truy cập không đúng, đã hết hạn hoặc đã bị thu hồi.")
    if not token.answered:
        message = (
            "Người cấp khóa không còn quản trị đơn vị của khóa. Nhờ người quản trị hiện nay cấp khóa mới."
        )
        return unauthorized("bad_token", message)
    seconds = rate_limit.seconds_to_wait("api", f"token {token.pk}", most=settings.API_LIMIT, seconds=_MINUTE)
    if seconds:
        answer = problem_response(429, "too_many", f"Quá nhiều yêu cầu. Thử lại sau {seconds} giây.")
        answer.headers["Retry-After"] = str(seconds)
        return answer
    note_use(token, at=at)
    request.user = System(token)
    # Another site can make a browser send cookies, but never this header, so no CSRF token is needed; the session is
    # not used here (django.middleware.csrf reads this flag).
    request.csrf_processing_done = True
    return None


def token_in_address(request: HttpRequest) -> bool:
    """Whether the query string contains a token, or a parameter meant for one."""
    values = (value for _, listed in request.GET.lists() for value in listed)
    return any(name in request.GET for name in _IN_ADDRESS) or any(PREFIX in value for value in values)


def unauthorized(code: str, message: str) -> HttpResponse:
    answer = problem_response(401, code, message)
    answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return answer


TOKENS = (
    TableColumn("name", "Hệ thống", width=34),
    TableColumn("unit", "Đơn vị", "unit.name", width=30),
    TableColumn("scopes", "Được làm", width=40),
    TableColumn("created_by", "Người cấp", lambda token: str(token.created_by or ""), width=30),
    TableColumn("expires_at", "Hết hạn", width=20),
    TableColumn("last_used_at", "Dùng lần cuối", width=20),
    TableColumn("revoked_at", "Thu hồi lúc", width=20),
    TableColumn("answered", "Người cấp còn quản trị", lambda token: "Có" if token.answered else "Không"),
)


def tokens_file(tokens: QuerySet[Token], at: datetime) -> TableFile:
    """Tokens of other systems, without their secrets; `tokens` as `managed_tokens` returns them."""
    rows = table_rows(TOKENS, tokens.iterator(ROWS_AT_ONCE))
    return TableFile("khoa-truy-cap", "Khóa truy cập của hệ thống khác", TOKENS, rows, at)


SCOPES_REQUIRED = "Chọn ít nhất một việc."


class TokenForm(forms.Form):
    """A new token: name, unit, scopes and lifetime in days (at most settings.TOKEN_DAYS)."""

    name = CleanTextField(label="Tên hệ thống", max_length=100, help_text="Ví dụ: Hệ thống một cửa huyện.")
    unit = CleanTextField(
        label="Mã đơn vị", max_length=64, help_text="Khóa có hiệu lực cho đơn vị và mọi đơn vị bên dưới."
    )
    scopes = forms.MultipleChoiceField(
        label="Được làm",
        choices=TokenScope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": SCOPES_REQUIRED, "invalid_choice": "Hãy chọn trong danh sách."},
    )

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        most = settings.TOKEN_DAYS
        wrong = f"Ghi số ngày từ 1 đến {most}."
        self.fields["days"] = forms.IntegerField(
            label="Số ngày dùng được",
            min_value=1,
            max_value=most,
            initial=most,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 4}),
            help_text=f"Nhiều nhất {most} ngày; hết hạn thì cấp khóa mới.",
            error_messages={"required": REQUIRED, "invalid": wrong, "min_value": wrong, "max_value": wrong},
        )


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """Tokens for units that the reader administers; a POST creates one and shows its secret once."""
    form = TokenForm(posted_data(request))
    tokens = managed_tokens(request.user, request.day)
    if file := requested_file(request, {"": lambda: tokens_file(tokens, timezone.now())}):
        return file
    if request.method == "POST" and form.is_valid():
        unit = administered_unit(request, form)
        if unit is not None:
            data = form.cleaned_data
            made, secret = create_token(
                data["name"], unit, data["scopes"], data["days"], by=request.user, at=timezone.now()
            )
            context = {"token": made, "secret": secret, "granted": _granted(made)}
            return render(request, "units/tokens/token_created.html", context)
    return _list(request, form, tokens)


def _list(request: HttpRequest, form: TokenForm, tokens: QuerySet) -> HttpResponse:
    page = page_of(request, tokens)
    rows = [{"token": token, **_words(token)} for token in page]
    context = {"form": form, "page": page, "rows": rows}
    return render(request, "units/tokens/list.html", context, status=422 if form.errors else 200)


def _words(token: Token) -> dict:
    """Scopes and state of a token in words (of one with `answered`)."""
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
    return [TokenScope(scope).label for scope in token.scopes.split()]


@requires(Right.MANAGE)
@require_safe
def token_detail(request: HttpRequest, pk: int) -> HttpResponse:
    token = token_for(request.user, pk, request.day)
    title = f"Nhật ký thay đổi của khóa {token.name}"
    log = {"nhat-ky": lambda: log_file(title, all_log_lines(token_subject(token)), timezone.now())}
    if file := requested_file(request, log):
        return file
    context = {"token": token, "history": latest_log_lines(token_subject(token)), **_words(token)}
    return render(request, "units/tokens/token.html", context)


@requires(Right.MANAGE)
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = token_for(request.user, pk, request.day)
    if revoke_token(token, by=request.user, at=timezone.now()):
        messages.success(request, f"Đã thu hồi khóa truy cập của {token.name}.")
    return redirect("units:token", pk)
