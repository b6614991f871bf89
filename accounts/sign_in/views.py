"""Pages of signing in and out: password, second step, single sign-on, and the form that was typed when a
session ended.
"""

import logging

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods

from accounts.second_factor import actions as second_factor_actions
from accounts.second_factor import devices
from accounts.second_factor.forms import FactorCodeForm
from accounts.second_factor.views import WRONG_CODE
from accounts.sessions.queries import SSO_MARK
from accounts.users import actions as users_actions
from core.web.forms import posted_data
from core.web.rights import Right, requires

from . import pending_post, second_step, single_sign_on
from .forms import SignInForm


class SignIn(LoginView):
    """The fifth wrong password for a name at an address locks it there for a while (django-axes answers 429)."""

    template_name = "accounts/sign_in/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: SignInForm) -> HttpResponse:
        user = form.get_user()
        # The clock of the machine, not of the demo: a password that runs out does so in real time.
        if user.must_change_password and not users_actions.use_issued_password(user, at=timezone.now()):
            return render(self.request, "accounts/sign_in/issued_password_expired.html", status=403)
        if devices.device_of(user):
            second_step.begin(self.request, user, self.get_success_url())
            return redirect("login_code")
        login(self.request, user)
        if pending_post.for_reader(self.request):
            return redirect("resume")
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **context) -> dict:
        return super().get_context_data(
            **context, held=pending_post.exists(self.request), sso=single_sign_on.button_label()
        )


_NEXT = "sso_next"

_log = logging.getLogger(__name__)
_BACKEND = "django.contrib.auth.backends.ModelBackend"


@requires(Right.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest) -> HttpResponse:
    """What was typed when the session ended, to be sent again; POST: throw it away."""
    kept = pending_post.for_reader(request)
    if kept is None or request.method == "POST":
        pending_post.discard(request)
        return redirect("/records/")
    return render(request, "accounts/sign_in/resume_post.html", {"to": kept["to"], "fields": kept["fields"]})


@requires(Right.PUBLIC)
@require_GET
def begin_single_sign_on(request: HttpRequest) -> HttpResponse:
    """Lead to the server."""
    require_single_sign_on()
    to = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        to, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    request.session[_NEXT] = to if safe else resolve_url("dashboard")
    try:
        return _oidc().begin(request, request.build_absolute_uri(reverse("sso_callback")))
    except single_sign_on.ServerUnreachable:
        return _unreachable(request)
    except single_sign_on.UntrustedAnswer:
        return _untrusted(request)


@requires(Right.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def second_step_page(request: HttpRequest) -> HttpResponse:
    """The code that is asked for after the right password."""
    user = second_step.user_of(request)
    if user is None:
        return redirect("login")
    form = FactorCodeForm(posted_data(request))
    if request.method == "POST" and form.is_valid():
        if second_factor_actions.check_factor(user, form.cleaned_data["code"], at=timezone.now()):
            to = second_step.finish(request, user)
            return redirect("resume" if pending_post.for_reader(request) else to)
        _log.warning("wrong code at the second step of person %d", user.pk)
        if not second_step.count_wrong_code(request):
            messages.error(request, "Nhập sai mã quá nhiều lần. Hãy đăng nhập lại từ đầu.")
            return redirect("login")
        form.add_error("code", WRONG_CODE)
    return render(
        request, "accounts/sign_in/second_step.html", {"form": form}, status=422 if form.errors else 200
    )


@requires(Right.PUBLIC)
@require_GET
def finish_single_sign_on(request: HttpRequest) -> HttpResponse:
    """Where the server leads back to."""
    require_single_sign_on()
    try:
        signed = _oidc().answered(request)
    except single_sign_on.ServerUnreachable:
        return _unreachable(request)
    except single_sign_on.UntrustedAnswer:
        return _untrusted(request)
    user = single_sign_on.user_of_identity(signed)
    if user is None:
        return render(request, "accounts/sign_in/sso_unknown.html", {"subject": signed.subject}, status=403)
    user.backend = _BACKEND
    to = request.session.pop(_NEXT, resolve_url("dashboard"))
    if devices.device_of(user):
        second_step.begin(request, user, to, marks=[SSO_MARK])
        return redirect("login_code")
    login(request, user)
    request.session[SSO_MARK] = True
    return redirect("resume" if pending_post.for_reader(request) else to)


sign_in = requires(Right.PUBLIC)(SignIn.as_view())


def require_single_sign_on() -> None:
    if not single_sign_on.is_enabled():
        raise Http404


sign_out = requires(Right.PUBLIC)(LogoutView.as_view())


def _oidc():
    """Imported only where it is used: see there."""
    from accounts.sign_in import oidc

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
