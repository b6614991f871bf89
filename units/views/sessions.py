"""The reader's own open sessions, and their end (ASVS 5.0, 7.5.2)."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from units import actions, sessions, sso
from units.access import Right, requires
from units.forms.sessions import OTHERS, EndForm

from .lists import posted


@requires(Right.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def own_sessions(request: HttpRequest) -> HttpResponse:
    """Where the reader is signed in; POST ends one of these sessions, or all but this one."""
    user, found = request.user, sessions.open_of(request)
    others = [one.key for one in found if not one.own]
    asked = not request.session.get(sso.IN_SESSION)
    form = EndForm(request, others, posted(request), asked=asked, initial={"session": OTHERS})
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["session"] == OTHERS:
            actions.end_own_sessions(user)
            update_session_auth_hash(request, user)
            messages.success(request, "Đã kết thúc mọi phiên đăng nhập khác.")
        else:
            actions.end_session(user, form.cleaned_data["session"], by=user)
            messages.success(request, "Đã kết thúc phiên đăng nhập đó.")
        return redirect("sessions")
    context = {"form": form, "sessions": found, "others": others, "chosen": form["session"].value()}
    return render(request, "registration/sessions.html", context, status=422 if form.errors else 200)
