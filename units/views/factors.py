"""The second factor: the second step of signing in, and the page where a person sets it up."""

import logging

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from units import actions, factors, held, qr, second_step, sso
from units.access import Right, requires
from units.forms.factors import CodeForm, ConfirmForm
from units.models import User

from .lists import posted

_log = logging.getLogger(__name__)
_WRONG = "Mã chưa đúng, đã dùng hoặc đã cũ. Đợi ứng dụng hiện mã mới rồi nhập lại."


@requires(Right.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def second(request: HttpRequest) -> HttpResponse:
    """The code that is asked for after the right password."""
    user = second_step.who(request)
    if user is None:
        return redirect("login")
    form = CodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        if actions.check_factor(user, form.cleaned_data["code"], at=timezone.now()):
            to = second_step.finish(request, user)
            return redirect("resume" if held.of_reader(request) else to)
        _log.warning("wrong code at the second step of person %d", user.pk)
        if not second_step.wrong(request):
            messages.error(request, "Nhập sai mã quá nhiều lần. Hãy đăng nhập lại từ đầu.")
            return redirect("login")
        form.add_error("code", _WRONG)
    return render(request, "registration/second.html", {"form": form}, status=422 if form.errors else 200)


@requires(Right.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """Where a person sets the second factor up (POST: a fresh secret), and sees whether it is on."""
    user = request.user
    if request.method == "POST" and factors.device_of(user) is None:
        return _set_up(request, actions.begin_factor(user), ConfirmForm(request, asked=_asked(request)))
    if request.method == "POST":
        return redirect("factor")
    return _page(request, CodeForm())


def _asked(request: HttpRequest) -> bool:
    return not request.session.get(sso.IN_SESSION)


def _page(request: HttpRequest, form: CodeForm) -> HttpResponse:
    user = request.user
    context = {
        "form": form,
        "device": factors.device_of(user),
        "required": request.requires_factor(),
        "codes_left": user.recovery_codes.filter(used_at=None).count(),
    }
    return render(request, "registration/factor.html", context, status=422 if form.errors else 200)


def _set_up(request: HttpRequest, device, form: ConfirmForm) -> HttpResponse:
    context = {"form": form, "qr": qr.drawn(factors.address_of(device)), "secret": factors.secret_of(device)}
    return render(request, "registration/factor_set_up.html", context, status=422 if form.errors else 200)


@requires(Right.SIGNED_IN)
@require_POST
def factor_confirm(request: HttpRequest) -> HttpResponse:
    """The app's first code puts it into use."""
    user = request.user
    device = factors.device_of(user, confirmed=False)
    if device is None:
        return redirect("factor")
    form = ConfirmForm(request, request.POST, asked=_asked(request))
    if form.is_valid():
        codes = actions.confirm_factor(user, form.cleaned_data["code"], by=user)
        if codes is not None:
            return _kept(request, user, codes, "Đã bật xác thực hai bước")
        form.add_error("code", _WRONG)
    return _set_up(request, device, form)


@requires(Right.SIGNED_IN)
@require_POST
def factor_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes for who has a good code."""
    form = CodeForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"]
        codes = actions.renew_codes(request.user, code, by=request.user, at=timezone.now())
        if codes is not None:
            return _kept(request, request.user, codes, "Đã tạo mã khôi phục mới")
        form.add_error("code", _WRONG)
    return _page(request, form)


@requires(Right.SIGNED_IN)
@require_POST
def factor_drop(request: HttpRequest) -> HttpResponse:
    """Give up the app, with a good code: before a new phone takes its place."""
    form = CodeForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"]
        if actions.drop_factor(request.user, code, by=request.user, at=timezone.now()):
            request.session.pop(factors.IN_SESSION, None)
            update_session_auth_hash(request, request.user)
            messages.success(request, "Đã tắt xác thực hai bước. Các phiên đăng nhập khác đã kết thúc.")
            return redirect("factor")
        form.add_error("code", _WRONG)
    return _page(request, form)


def _kept(request: HttpRequest, user: User, codes: list[str], title: str) -> HttpResponse:
    """The only time that the codes are seen: in the answer itself."""
    update_session_auth_hash(request, user)
    request.session[factors.IN_SESSION] = True
    return render(request, "registration/recovery_codes.html", {"codes": codes, "title": title})


for _view in (factor, factor_confirm):
    _view.allowed_before_factor = True
