"""Pages that change a password, send a reset link, and set a password by a link."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import PasswordChangeDoneView, PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core import mail_server, rate_limit
from core.web.forms import posted_data
from core.web.rights import Right, requires

from . import actions
from .emails import run_in_background, send_reset, user_of_link
from .forms import NewPasswordForm, OwnPasswordForm, ResetForm


class ChangePassword(PasswordChangeView):
    """Ends all other sessions of the person: they carry the hash of the old password."""

    template_name = "accounts/users/password_change.html"
    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict:
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: OwnPasswordForm) -> HttpResponse:
        actions.change_password(
            form.user, form.cleaned_data["new_password1"], by=form.user, on=self.request.day
        )
        update_session_auth_hash(self.request, form.user)
        return HttpResponseRedirect(self.get_success_url())


change_password = requires(Right.SIGNED_IN)(ChangePassword.as_view())
change_password.allowed_before_change = change_password.allowed_before_factor = True
change_password_done = requires(Right.SIGNED_IN)(
    PasswordChangeDoneView.as_view(template_name="accounts/users/password_change_done.html")
)

_HOUR = 3600
_MOST_REQUESTS = 20


@requires(Right.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def request_password_link(request: HttpRequest) -> HttpResponse:
    """Ask for a link; the answer is the same whether there is such an account or not (acceptance S13)."""
    if not mail_server.is_configured():
        return render(request, "accounts/users/password_reset_off.html", {"told": mail_server.NOT_CONFIGURED})
    form = ResetForm(posted_data(request))
    if request.method == "POST" and form.is_valid():
        if not rate_limit.is_within_limit("reset", request, most=_MOST_REQUESTS, seconds=_HOUR):
            return render(request, "429.html", status=429)
        email = form.cleaned_data["email"]
        run_in_background(lambda: send_reset(email))
        return render(request, "accounts/users/password_reset_sent.html")
    return render(
        request, "accounts/users/password_reset.html", {"form": form}, status=422 if form.errors else 200
    )


@requires(Right.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def password_set(request: HttpRequest, token: str) -> HttpResponse:
    """Set a password by a link. It signs nobody in: the second factor is asked for at the sign-in."""
    user = user_of_link(token)
    if user is None:
        return render(request, "accounts/users/link_expired.html", status=404)
    form = NewPasswordForm(user, posted_data(request))
    if request.method == "POST" and form.is_valid():
        actions.change_password(user, form.cleaned_data["new_password1"], by=user, on=request.day)
        messages.success(request, "Đã đặt mật khẩu. Hãy đăng nhập bằng mật khẩu mới.")
        return redirect("login")
    context = {"form": form, "person": user}
    return render(request, "accounts/users/password_set.html", context, status=422 if form.errors else 200)
