"""The page where a user sets up the second factor."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.sessions.queries import SSO_MARK
from core import qr_code
from core.web.rights import Right, requires

from . import actions, devices
from .forms import ConfirmFactorForm, FactorCodeForm

WRONG_CODE = "Mã chưa đúng, đã dùng hoặc đã cũ. Đợi ứng dụng hiện mã mới rồi nhập lại."


@requires(Right.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """Where a person sets the second factor up (POST: a fresh secret), and sees whether it is on."""
    user = request.user
    if request.method == "POST" and devices.device_of(user) is None:
        return _set_up(
            request, actions.begin_factor(user), ConfirmFactorForm(request, asked=_asks_password(request))
        )
    if request.method == "POST":
        return redirect("factor")
    return _factor_page(request, FactorCodeForm())


def _asks_password(request: HttpRequest) -> bool:
    return not request.session.get(SSO_MARK)


def _factor_page(request: HttpRequest, form: FactorCodeForm) -> HttpResponse:
    user = request.user
    context = {
        "form": form,
        "device": devices.device_of(user),
        "required": request.requires_factor(),
        "codes_left": user.recovery_codes.filter(used_at=None).count(),
    }
    return render(request, "accounts/second_factor/factor.html", context, status=422 if form.errors else 200)


def _set_up(request: HttpRequest, device, form: ConfirmFactorForm) -> HttpResponse:
    context = {
        "form": form,
        "qr": qr_code.draw_qr_code(devices.otpauth_address(device)),
        "secret": devices.secret_text(device),
    }
    return render(request, "accounts/second_factor/setup.html", context, status=422 if form.errors else 200)


@requires(Right.SIGNED_IN)
@require_POST
def factor_confirm(request: HttpRequest) -> HttpResponse:
    """The app's first code puts it into use."""
    user = request.user
    device = devices.device_of(user, confirmed=False)
    if device is None:
        return redirect("factor")
    form = ConfirmFactorForm(request, request.POST, asked=_asks_password(request))
    if form.is_valid():
        codes = actions.confirm_factor(user, form.cleaned_data["code"], by=user)
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
        codes = actions.renew_codes(request.user, code, by=request.user, at=timezone.now())
        if codes is not None:
            return _recovery_codes_page(request, request.user, codes, "Đã tạo mã khôi phục mới")
        form.add_error("code", WRONG_CODE)
    return _factor_page(request, form)


@requires(Right.SIGNED_IN)
@require_POST
def factor_drop(request: HttpRequest) -> HttpResponse:
    """Give up the app, with a good code: before a new phone takes its place."""
    form = FactorCodeForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"]
        if actions.drop_factor(request.user, code, by=request.user, at=timezone.now()):
            request.session.pop(devices.FACTOR_MARK, None)
            update_session_auth_hash(request, request.user)
            messages.success(request, "Đã tắt xác thực hai bước. Các phiên đăng nhập khác đã kết thúc.")
            return redirect("factor")
        form.add_error("code", WRONG_CODE)
    return _factor_page(request, form)


def _recovery_codes_page(request: HttpRequest, user: User, codes: list[str], title: str) -> HttpResponse:
    """The only time that the codes are seen: in the answer itself."""
    update_session_auth_hash(request, user)
    request.session[devices.FACTOR_MARK] = True
    return render(request, "accounts/second_factor/recovery_codes.html", {"codes": codes, "title": title})


for _view in (factor, factor_confirm):
    _view.allowed_before_factor = True
