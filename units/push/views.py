"""Receivers of approved figures (administrators), and messages that wait or could not be sent."""

from collections.abc import Iterable

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from core.web.forms import posted_data
from core.web.pagination import page_of
from core.web.rights import Right, requires
from ledger import outbox
from ledger.models import Delivery, Message
from spreadsheets.table_file import requested_file
from units.access.forms import administered_unit
from units.models import Receiver
from units.people.files import messages_file, receivers_file

from . import actions, delivery
from .forms import ReceiverForm

CHIPS = {Delivery.WAITING: "wait", Delivery.DELIVERED: "ok", Delivery.FAILED: "late"}


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def receiver_list(request: HttpRequest) -> HttpResponse:
    """All receivers and their messages, the newest first; a POST sets a receiver and shows its secret, this once."""
    form = ReceiverForm(posted_data(request))
    found = list(delivery.managed_receivers(request.user, request.day))
    sent = _messages_to(found)
    tables = {
        "noi-nhan": lambda: receivers_file(found, timezone.now()),
        "tin": lambda: messages_file(sent, {one.pk: one.name for one in found}, timezone.now()),
    }
    if file := requested_file(request, tables):
        return file
    if request.method == "POST" and form.is_valid():
        unit = administered_unit(request, form)
        if unit is not None:
            data = form.cleaned_data
            made, secret = actions.create_receiver(
                data["name"], unit, data["url"], by=request.user, at=timezone.now()
            )
            return render(request, "units/push/receiver_created.html", {"receiver": made, "secret": secret})
    page = page_of(request, sent)
    context = {"form": form, "receivers": found, "page": page, "rows": _rows(page, found)}
    return render(request, "units/push/receivers.html", context, status=422 if form.errors else 200)


def _messages_to(receivers: list[Receiver]) -> QuerySet:
    destinations = [one.pk for one in receivers]
    return Message.objects.filter(destination__in=destinations).order_by("-pk").prefetch_related("tries")


def _rows(sent: Iterable[Message], receivers: list[Receiver]) -> list[dict]:
    """Each message as the page shows it, with its last try."""
    names = {one.pk: one.name for one in receivers}
    stopped = {one.pk for one in receivers if one.stopped_at}
    return [
        {
            "message": one,
            "about": one.subject,
            "to": names[one.destination],
            "chip": CHIPS[Delivery(one.state)],
            "last": list(one.tries.all())[-1:],
            "again": one.state != Delivery.DELIVERED and one.destination not in stopped,
        }
        for one in sent
    ]


@requires(Right.MANAGE)
@require_POST
def receiver_stop(request: HttpRequest, pk: int) -> HttpResponse:
    found = delivery.managed_receivers(request.user, request.day).filter(pk=pk).first()
    if found is None:
        raise Http404
    if actions.stop_receiver(found, by=request.user, at=timezone.now()):
        messages.success(request, f"Đã ngừng gửi đến {found.name}.")
    return redirect("units:receivers")


@requires(Right.MANAGE)
@require_POST
def message_again(request: HttpRequest, pk: int) -> HttpResponse:
    """A message that was given up, or waits for its next try, goes with the next run."""
    mine = (
        delivery.managed_receivers(request.user, request.day)
        .filter(stopped_at=None)
        .values_list("pk", flat=True)
    )
    found = Message.objects.filter(pk=pk, destination__in=list(mine)).first()
    if found is None:
        raise Http404
    if outbox.send_again(found, by=request.user, at=timezone.now()):
        messages.success(request, "Tin sẽ được gửi lại trong lần gửi tới.")
    return redirect("units:receivers")
