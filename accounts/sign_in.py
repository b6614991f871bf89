"""Pages of signing in and out: password, second step, single sign-on, and the stored POST of an ended session.
Between password and code, the user is stored in a session that is not signed in yet.
"""

import logging
import time
from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.validators import MaxLengthValidator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods

from core import network
from core.forms import REQUIRED, posted_data
from core.web import Right, requires

from . import pending_post, second_factor, single_sign_on, users
from .models import User
from .passwords import one_attempt_at_a_time
from .second_factor import WRONG_CODE, FactorCodeForm
from .sessions import SSO_MARK

_KEY = "second_step"
_SECONDS = 300
# Each wrong code lengthens the wait (accounts.second_factor); after these the password is needed again.
_MOST_WRONG = 5


def begin_second_step(request: HttpRequest, user: User, to: str, *, marks: Sequence[str] = ()) -> None:
    """The first step is done; `to` is where the person wants to go, `marks` are set in the session to come."""
    request.session.cycle_key()
    request.session[_KEY] = {
        "person": user.pk,
        "backend": user.backend,
        "hash": user.get_session_auth_hash(),
        "at": int(time.time()),
        "to": to,
        "wrong": 0,
        "marks": [second_factor.FACTOR_MARK, *marks],
    }


def user_at_second_step(request: HttpRequest) -> User | None:
    """The user at the second step; None if there is none, it is too late, or the account has changed meanwhile."""
    pending = request.session.get(_KEY)
    if pending is None:
        return None
    user = User.objects.filter(pk=pending["person"], is_active=True).first()
    late = time.time() - pending["at"] > _SECONDS
    if user is None or late or user.get_session_auth_hash() != pending["hash"]:
        del request.session[_KEY]
        return None
    user.backend = pending["backend"]
    return user


def count_wrong_code(request: HttpRequest) -> bool:
    """Count a wrong code; False after too many, when the password is needed again."""
    pending = request.session[_KEY] | {"wrong": request.session[_KEY]["wrong"] + 1}
    if pending["wrong"] >= _MOST_WRONG:
        del request.session[_KEY]
        return False
    request.session[_KEY] = pending
    return True


def finish_second_step(request: HttpRequest, user: User) -> str:
    """Sign in; returns the address to go to."""
    pending = request.session.pop(_KEY)
    login(request, user)
    for mark in pending["marks"]:
        request.session[mark] = True
    return pending["to"]


_INVALID = "Tên đăng nhập hoặc mật khẩu chưa đúng."


class SignInForm(AuthenticationForm):
    """Says the same for a wrong name, a wrong password and a disabled account."""

    error_messages = {"invalid_login": _INVALID, "inactive": _INVALID}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Django only tells the browser: a longer name would be kept in the record of attempts, or break it.
        longest = User._meta.get_field("username").max_length
        self.fields["username"].validators.append(MaxLengthValidator(longest, _INVALID))
        for field in self.fields.values():
            field.error_messages["required"] = REQUIRED

    def clean(self) -> dict:
        """In place of Django's own: one at a time for the name as it is looked up, however it was spelled. What is
        refused is so behind the line, which on PostgreSQL is a transaction that keeps the count of failures.
        """
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name and password:
            with one_attempt_at_a_time(name, network.client_origin(self.request) or ""):
                self.user_cache = authenticate(self.request, username=name, password=password)
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


class SignIn(LoginView):
    """The fifth wrong password for a name at an address locks it there for a while (django-axes answers 429)."""

    template_name = "accounts/sign_in/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: SignInForm) -> HttpResponse:
        user = form.get_user()
        # The clock of the machine, not of the demo: a password that runs out does so in real time.
        if user.must_change_password and not users.use_issued_password(user, at=timezone.now()):
            return render(self.request, "accounts/sign_in/issued_password_expired.html", status=403)
        if second_factor.device_of(user):
            begin_second_step(self.request, user, self.get_success_url())
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
    pending = pending_post.for_reader(request)
    if pending is None or request.method == "POST":
        pending_post.discard(request)
        return redirect("/records/")
    return render(
        request, "accounts/sign_in/resume_post.html", {"to": pending["to"], "fields": pending["fields"]}
    )


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
    """The page of the second step, after the password."""
    user = user_at_second_step(request)
    if user is None:
        return redirect("login")
    form = FactorCodeForm(posted_data(request))
    if request.method == "POST" and form.is_valid():
        if second_factor.check_factor(user, form.cleaned_data["code"], at=timezone.now()):
            to = finish_second_step(request, user)
            return redirect("resume" if pending_post.for_reader(request) else to)
        _log.warning("wrong code at the second step of person %d", user.pk)
        if not count_wrong_code(request):
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
    if second_factor.device_of(user):
        begin_second_step(request, user, to, marks=[SSO_MARK])
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
    from accounts import oidc

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
