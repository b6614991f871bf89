"""Sign-in, sign-out and the change of one's own password."""

from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeDoneView, PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from units import actions, factors, held, second_step, sso
from units.access import Right, memberships, requires
from units.forms.accounts import AccountForm, OwnPasswordForm, SignInForm

from .lists import posted


class SignIn(LoginView):
    """The fifth wrong password for a name at an address locks it there for a while (django-axes answers 429)."""

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: SignInForm) -> HttpResponse:
        user = form.get_user()
        # The clock of the machine, not of the demo: a password that runs out does so in real time.
        if user.must_change_password and not actions.use_issued_password(user, at=timezone.now()):
            return render(self.request, "units/issued_password_over.html", status=403)
        if factors.device_of(user):
            second_step.begin(self.request, user, self.get_success_url())
            return redirect("login_code")
        login(self.request, user)
        if held.of_reader(self.request):
            return redirect("resume")
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **context) -> dict:
        return super().get_context_data(**context, held=held.waits(self.request), sso=sso.label())


class ChangePassword(PasswordChangeView):
    """Ends all other sessions of the person: they carry the hash of the old password."""

    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict:
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: OwnPasswordForm) -> HttpResponse:
        actions.change_password(
            form.user, form.cleaned_data["new_password1"], by=form.user, on=self.request.day
        )
        update_session_auth_hash(self.request, form.user)
        return HttpResponseRedirect(self.get_success_url())


@requires(Right.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest) -> HttpResponse:
    """What was typed when the session ended, to be sent again; POST: throw it away."""
    kept = held.of_reader(request)
    if kept is None or request.method == "POST":
        held.drop(request)
        return redirect("/records/")
    return render(request, "registration/resume.html", {"to": kept["to"], "fields": kept["fields"]})


@requires(Right.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The reader's own account: roles, address, whether e-mails remind."""
    user = request.user
    initial = {"email": user.email, "mail_muted": user.mail_muted}
    form = AccountForm(request, posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        actions.edit_own(user, email=data["email"], mail_muted=data["mail_muted"], by=user)
        messages.success(request, "Đã lưu.")
        return redirect("account")
    context = {"form": form, "roles": memberships(user, request.day)}
    return render(request, "registration/account.html", context, status=422 if form.errors else 200)


sign_in = requires(Right.PUBLIC)(SignIn.as_view())
sign_out = requires(Right.PUBLIC)(LogoutView.as_view())
change_password = requires(Right.SIGNED_IN)(ChangePassword.as_view())
change_password.allowed_before_change = change_password.allowed_before_factor = True
change_password_done = requires(Right.SIGNED_IN)(PasswordChangeDoneView.as_view())
