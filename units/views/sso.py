"""Signing in at the organisation's own server, and whose account that opens."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from units import actions, administering, factors, held, second_step, sso
from units.access import Right, requires
from units.actions.people import Denied
from units.forms.people import IdentityForm

_NEXT = "sso_next"
_BACKEND = "django.contrib.auth.backends.ModelBackend"


@requires(Right.PUBLIC)
@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """Lead to the server."""
    _only_where_enabled()
    to = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        to, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    request.session[_NEXT] = to if safe else resolve_url("dashboard")
    try:
        return _oidc().begin(request, request.build_absolute_uri(reverse("sso_callback")))
    except sso.Unreachable:
        return _unreachable(request)
    except sso.Untrusted:
        return _untrusted(request)


@requires(Right.PUBLIC)
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Where the server leads back to."""
    _only_where_enabled()
    try:
        signed = _oidc().answered(request)
    except sso.Unreachable:
        return _unreachable(request)
    except sso.Untrusted:
        return _untrusted(request)
    user = sso.person_of(signed)
    if user is None:
        return render(request, "registration/sso_unknown.html", {"subject": signed.subject}, status=403)
    user.backend = _BACKEND
    to = request.session.pop(_NEXT, resolve_url("dashboard"))
    if factors.device_of(user):
        second_step.begin(request, user, to, marks=[sso.IN_SESSION])
        return redirect("login_code")
    login(request, user)
    request.session[sso.IN_SESSION] = True
    return redirect("resume" if held.of_reader(request) else to)


def _only_where_enabled() -> None:
    if not sso.enabled():
        raise Http404


def _oidc():
    """Imported only where it is used: see there."""
    from units import oidc

    return oidc


def _untrusted(request: HttpRequest) -> HttpResponse:
    context = {
        "title": "Không đăng nhập được",
        "reason": "Máy chủ đăng nhập trả lời không hợp lệ, hoặc đã để quá lâu. Hãy đăng nhập lại từ đầu.",
    }
    return render(request, "400.html", context, status=400)


def _unreachable(request: HttpRequest) -> HttpResponse:
    messages.error(request, "Máy chủ đăng nhập không trả lời. Hãy đăng nhập bằng mật khẩu, hoặc thử lại sau.")
    return redirect("login")


@requires(Right.MANAGE)
@require_POST
def person_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an account of the server open this person's."""
    _only_where_enabled()
    someone = administering.person_for(request.user, pk, request.day)
    form = IdentityForm(request, request.POST, asked=someone.pk == request.user.pk)
    if not form.is_valid():
        for field, errors in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {errors[0]}")
        return redirect("units:person", pk)
    try:
        actions.link_identity(someone, sso.issuer(), form.cleaned_data["subject"], by=request.user)
    except Denied as denied:
        messages.error(request, str(denied))
    else:
        messages.success(request, "Đã gắn tài khoản đăng nhập một lần.")
    return redirect("units:person", pk)


@requires(Right.MANAGE)
@require_POST
def person_unlink(request: HttpRequest, pk: int, identity: int) -> HttpResponse:
    """An account of the server opens this person's no more."""
    someone = administering.person_for(request.user, pk, request.day)
    linked = someone.identities.filter(pk=identity).first()
    if linked is None:
        raise Http404
    actions.unlink_identity(linked, by=request.user)
    messages.success(
        request, "Đã gỡ tài khoản đăng nhập một lần; các phiên đăng nhập của người này kết thúc."
    )
    return redirect("units:person", pk)
