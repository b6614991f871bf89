"""The reader's own open sessions, and their end (ASVS 5.0, 7.5.2)."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.web.forms import posted_data
from core.web.rights import Right, requires

from . import actions
from .forms import OTHER_SESSIONS, EndSessionForm
from .queries import SSO_MARK, open_sessions_of


@requires(Right.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def own_sessions(request: HttpRequest) -> HttpResponse:
    """Where the reader is signed in; POST ends one of these sessions, or all but this one."""
    user, found = request.user, open_sessions_of(request)
    others = [one.key for one in found if not one.own]
    asked = not request.session.get(SSO_MARK)
    form = EndSessionForm(
        request, others, posted_data(request), asked=asked, initial={"session": OTHER_SESSIONS}
    )
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["session"] == OTHER_SESSIONS:
            actions.end_own_sessions(user)
            update_session_auth_hash(request, user)
            messages.success(request, "Đã kết thúc mọi phiên đăng nhập khác.")
        else:
            actions.end_session(user, form.cleaned_data["session"], by=user)
            messages.success(request, "Đã kết thúc phiên đăng nhập đó.")
        return redirect("sessions")
    context = {"form": form, "sessions": found, "others": others, "chosen": form["session"].value()}
    return render(request, "accounts/sessions/sessions.html", context, status=422 if form.errors else 200)
