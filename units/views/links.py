"""A forgotten password: a link by e-mail; and the page where the link of a reset or an invitation leads."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from units import actions, administering, links, mailing, pace
from units.access import Right, requires
from units.actions.people import Denied
from units.forms.links import NewPasswordForm, ResetForm

from .lists import posted

_HOUR = 3600
_MOST_ASKED = 20


@requires(Right.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a link; the answer is the same whether there is such an account or not (acceptance S13)."""
    if not mailing.is_set_up():
        return render(request, "registration/reset_unset.html", {"told": mailing.NO_SERVER})
    form = ResetForm(posted(request))
    if request.method == "POST" and form.is_valid():
        if not pace.within("reset", request, most=_MOST_ASKED, seconds=_HOUR):
            return render(request, "429.html", status=429)
        email = form.cleaned_data["email"]
        mailing.later(lambda: mailing.send_reset(email))
        return render(request, "registration/reset_sent.html")
    return render(request, "registration/reset.html", {"form": form}, status=422 if form.errors else 200)


@requires(Right.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def password_set(request: HttpRequest, token: str) -> HttpResponse:
    """Set a password by a link. It signs nobody in: the second factor is asked for at the sign-in."""
    user = links.person_of(token)
    if user is None:
        return render(request, "registration/link_over.html", status=404)
    form = NewPasswordForm(user, posted(request))
    if request.method == "POST" and form.is_valid():
        actions.change_password(user, form.cleaned_data["new_password1"], by=user, on=request.day)
        messages.success(request, "Đã đặt mật khẩu. Hãy đăng nhập bằng mật khẩu mới.")
        return redirect("login")
    context = {"form": form, "person": user}
    return render(request, "registration/password_set.html", context, status=422 if form.errors else 200)


@requires(Right.MANAGE)
@require_POST
def person_invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a link by which the person sets the password."""
    someone = administering.person_for(request.user, pk, request.day)
    invite(request, someone)
    return redirect("units:person", pk)


def invite(request: HttpRequest, someone) -> None:
    """Take the password away and send the link; messages tell how it went."""
    try:
        actions.invite(someone, by=request.user)
    except Denied as denied:
        messages.error(request, str(denied))
        return
    if mailing.send_invitation(someone):
        messages.success(request, f"Đã gửi thư mời đến {someone.email}.")
    else:
        messages.error(request, "Máy chủ thư không nhận thư mời. Hãy gửi lại sau, hoặc cấp mật khẩu.")
