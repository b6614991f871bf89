"""The second factor: the user's authenticator app and recovery codes, and the page where they are set up,
renewed and removed.
"""

import base64
import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime
from urllib.parse import quote, urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from core import qr_code
from core.encryption import DecryptionError
from core.forms import ChangeDenied, CleanTextField
from core.web import Right, requires
from ledger import log

from .models import Factor, RecoveryCode, User
from .passwords import PasswordConfirmationForm
from .sessions import SSO_MARK, end_sessions
from .users import READABLE_SIGNS, user_subject

FACTOR_MARK = "factor"
_ISSUER = "Cải cách hành chính"


def device_of(user: User, *, confirmed: bool = True) -> Factor | None:
    """The app that the person confirmed, or the one being set up."""
    return Factor.objects.filter(user=user, confirmed=confirmed).order_by("-pk").first()


def locked_device_of(user: User, *, confirmed: bool = True) -> Factor | None:
    """The same, for one request at a time: a code must not be good for two. Inside a transaction."""
    devices = Factor.objects.select_for_update()
    return devices.filter(user=user, confirmed=confirmed).order_by("-pk").first()


def new_device(user: User) -> Factor:
    """A fresh secret, good for nothing until it is confirmed; takes the place of one that never was."""
    Factor.objects.filter(user=user, confirmed=False).delete()
    return Factor.objects.create(user=user, name="totp", confirmed=False, key=Factor.fresh_key(user.pk))


def drop_devices(user: User, *, but: int | None = None) -> int:
    """Forget the person's apps, except the one with that number; how many there were."""
    count, _ = Factor.objects.filter(user=user).exclude(pk=but).delete()
    return count


def secret_text(device: Factor) -> str:
    """The secret as people type it into an app: groups of four."""
    text = base64.b32encode(device.bin_key).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def otpauth_address(device: Factor) -> str:
    """What the QR code holds (otpauth, as authenticator apps read it)."""
    secret = base64.b32encode(device.bin_key).decode()
    query = urlencode({"secret": secret, "issuer": _ISSUER, "digits": device.digits, "period": device.step})
    return f"otpauth://totp/{quote(_ISSUER)}:{quote(device.user.get_username())}?{query}"


def users_with_device(users: Collection[int]) -> set[int]:
    """Of people by number, those who have confirmed a second factor."""
    return set(all_users_with_device().filter(user__in=users).values_list("user_id", flat=True))


def all_users_with_device() -> QuerySet:
    """The numbers of all who have confirmed a second factor."""
    return Factor.objects.filter(confirmed=True).values("user_id")


CODES = 10
# 31 signs in 24 places are 118 bits: with 112 or more a plain digest is enough (ASVS 5.0, 6.5.2).
_GROUPS = 6


@transaction.atomic
def begin_factor(user: User):
    """Create a secret for the person's app; it has no effect until it is confirmed."""
    return new_device(user)


@transaction.atomic
def confirm_factor(user: User, code: str, *, by: User) -> list[str] | None:
    """Take the secret into use by a code that proves the app has it. The recovery codes, which are shown once and kept
    as digests only; None for a wrong code. Ends the person's other sessions.
    """
    device = locked_device_of(user, confirmed=False)
    if device is None or not device.verify_token(code):
        return None
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    drop_devices(user, but=device.pk)
    end_sessions(user)
    codes = _new_codes(user)
    log.append("factor.confirm", by=by, subject=user_subject(user), detail={})
    return codes


@transaction.atomic
def check_factor(user: User, code: str, *, at: datetime) -> bool:
    """Whether this is the app's code of the moment, not used before, or an unused recovery code. After wrong codes it
    is False for a while, whatever is typed (acceptance S14).
    """
    device = locked_device_of(user)
    if device is None:
        return False
    if code.isascii() and code.isdigit():
        return device.verify_token(code)
    if not device.verify_is_allowed()[0]:
        return False
    digest = _digest(code)
    if not RecoveryCode.objects.filter(user=user, code_sha256=digest, used_at=None).update(used_at=at):
        device.throttle_increment(commit=True)
        return False
    device.throttle_reset(commit=True)
    left = RecoveryCode.objects.filter(user=user, used_at=None).count()
    log.append("factor.recover", by=user, subject=user_subject(user), detail={"codes_left": left})
    return True


@transaction.atomic
def renew_codes(user: User, code: str, *, by: User, at: datetime) -> list[str] | None:
    """New recovery codes in place of the old ones, for who has a good code; None for a wrong one."""
    if not check_factor(user, code, at=at):
        return None
    codes = _new_codes(user)
    log.append("factor.renew_codes", by=by, subject=user_subject(user), detail={})
    return codes


@transaction.atomic
def drop_factor(user: User, code: str, *, by: User, at: datetime) -> bool:
    """The person gives up the app, with a good code of it; False for a wrong one."""
    if not check_factor(user, code, at=at):
        return False
    _remove_factor(user)
    log.append("factor.drop", by=by, subject=user_subject(user), detail={})
    return True


@transaction.atomic
def reset_factor(user: User, *, by: User) -> None:
    """Delete the second factor of somebody who lost it, and end their sessions.

    Errors: ChangeDenied for one's own, which needs a code, and if there is none.
    """
    if by.pk == user.pk:
        raise ChangeDenied("", "Xác thực hai bước của chính mình thì đổi ở trang Tài khoản của tôi.")
    if not _remove_factor(user):
        raise ChangeDenied("", "Người này chưa bật xác thực hai bước.")
    log.append("factor.reset", by=by, subject=user_subject(user), detail={})


@transaction.atomic
def reseal_factors() -> tuple[int, list[str]]:
    """Put each secret under the first of settings.FACTOR_KEYS: how many were, and whose (by name) no key opens."""
    sealed, unreadable = 0, []
    for device in Factor.objects.select_for_update(of=("self",)).select_related("user").order_by("pk"):
        try:
            device.reseal()
        except DecryptionError:
            unreadable.append(device.user.get_username())
            continue
        device.save(update_fields=["key"])
        sealed += 1
    return sealed, unreadable


def _remove_factor(user: User) -> int:
    device = drop_devices(user)
    RecoveryCode.objects.filter(user=user).delete()
    end_sessions(user)
    return device


def _new_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = [
        "-".join("".join(secrets.choice(READABLE_SIGNS) for _ in range(4)) for _ in range(_GROUPS))
        for _ in range(CODES)
    ]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, code_sha256=_digest(code)) for code in codes)
    return codes


def _digest(code: str) -> str:
    """Capitals, spaces and hyphens do not matter: the codes are copied from paper."""
    plain = "".join(sign for sign in code.lower() if sign in READABLE_SIGNS)
    return hashlib.sha256(plain.encode()).hexdigest()


class FactorCodeField(CleanTextField):
    """A code of the app, or a recovery code; spaces do not matter."""

    def __init__(self, **options):
        super().__init__(max_length=40, **options)
        self.widget.attrs |= {
            "autocomplete": "one-time-code",
            "autocapitalize": "none",
            "spellcheck": "false",
        }

    def to_python(self, value) -> str:
        return super().to_python(value).replace(" ", "")


class FactorCodeForm(forms.Form):
    """The second step of signing in, and what changes the second factor."""

    code = FactorCodeField(label="Mã xác thực", help_text="6 chữ số trong ứng dụng, hoặc một mã khôi phục.")


class ConfirmFactorForm(PasswordConfirmationForm):
    """The first code of a new app, and the password: who found an open session must not set up an app of theirs."""

    code = FactorCodeField(label="Mã xác thực", help_text="6 chữ số mà ứng dụng đang hiện.")
    field_order = ["code", "password"]


WRONG_CODE = "Mã chưa đúng, đã dùng hoặc đã cũ. Đợi ứng dụng hiện mã mới rồi nhập lại."


@requires(Right.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def factor_page(request: HttpRequest) -> HttpResponse:
    """Where a person sets the second factor up (POST: a fresh secret), and sees whether it is on."""
    user = request.user
    if request.method == "POST" and device_of(user) is None:
        return _set_up(
            request, begin_factor(user), ConfirmFactorForm(request, password_required=_asks_password(request))
        )
    if request.method == "POST":
        return redirect("factor")
    return _show_factor_page(request, FactorCodeForm())


def _asks_password(request: HttpRequest) -> bool:
    return not request.session.get(SSO_MARK)


def _show_factor_page(request: HttpRequest, form: FactorCodeForm) -> HttpResponse:
    user = request.user
    context = {
        "form": form,
        "device": device_of(user),
        "required": request.requires_factor(),
        "codes_left": user.recovery_codes.filter(used_at=None).count(),
    }
    return render(request, "accounts/second_factor/factor.html", context, status=422 if form.errors else 200)


def _set_up(request: HttpRequest, device, form: ConfirmFactorForm) -> HttpResponse:
    context = {
        "form": form,
        "qr": qr_code.draw_qr_code(otpauth_address(device)),
        "secret": secret_text(device),
    }
    return render(request, "accounts/second_factor/setup.html", context, status=422 if form.errors else 200)


@requires(Right.SIGNED_IN)
@require_POST
def factor_confirm(request: HttpRequest) -> HttpResponse:
    """The app's first code puts it into use."""
    user = request.user
    device = device_of(user, confirmed=False)
    if device is None:
        return redirect("factor")
    form = ConfirmFactorForm(request, request.POST, password_required=_asks_password(request))
    if form.is_valid():
        codes = confirm_factor(user, form.cleaned_data["code"], by=user)
        if codes is not None:
            return _recovery_codes_page(request, user, codes, "Đã bật xác thực hai bước")
        form.add_error("code", WRONG_CODE)
    return _set_up(request, device, form)


@requires(Right.SIGNED_IN)
@require_POST
def factor_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes for who has a good code."""
    form = FactorCodeForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"]
        codes = renew_codes(request.user, code, by=request.user, at=timezone.now())
        if codes is not None:
            return _recovery_codes_page(request, request.user, codes, "Đã tạo mã khôi phục mới")
        form.add_error("code", WRONG_CODE)
    return _show_factor_page(request, form)


@requires(Right.SIGNED_IN)
@require_POST
def factor_drop(request: HttpRequest) -> HttpResponse:
    """Give up the app, with a good code: before a new phone takes its place."""
    form = FactorCodeForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"]
        if drop_factor(request.user, code, by=request.user, at=timezone.now()):
            request.session.pop(FACTOR_MARK, None)
            update_session_auth_hash(request, request.user)
            messages.success(request, "Đã tắt xác thực hai bước. Các phiên đăng nhập khác đã kết thúc.")
            return redirect("factor")
        form.add_error("code", WRONG_CODE)
    return _show_factor_page(request, form)


def _recovery_codes_page(request: HttpRequest, user: User, codes: list[str], title: str) -> HttpResponse:
    """The only time that the codes are seen: in the answer itself."""
    update_session_auth_hash(request, user)
    request.session[FACTOR_MARK] = True
    return render(request, "accounts/second_factor/recovery_codes.html", {"codes": codes, "title": title})


for _view in (factor_page, factor_confirm):
    _view.allowed_before_factor = True
