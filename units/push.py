"""Pushes approved figures to higher systems: receivers (only named hosts, over TLS), signatures, a delivery
attempt, and the pages of receivers and messages.
"""

import base64
import hashlib
import hmac
import http.client
import secrets
import ssl
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from core.forms import CleanTextField, posted_data
from core.text import clean_text
from core.web import Right, page_of, requires
from ledger import log, outbox
from ledger.models import Delivery, Message
from ledger.outbox import DeliveryOutcome
from spreadsheets.table_writer import ROWS_AT_ONCE, TableColumn, TableFile, requested_file, table_rows
from units.access.queries import administered_unit, managed_condition

from .models import Receiver, Unit


def managed_receivers(user: User, day: date) -> QuerySet[Receiver]:
    """The receivers set for units that the user administers."""
    return Receiver.objects.filter(unit__in=Unit.objects.filter(managed_condition(user, day))).select_related(
        "unit"
    )


SECONDS = 10
SECRET_PREFIX = "whsec_"
LONGEST_URL = 300


class BadPushAddress(ValueError):
    """An address that must not be pushed to; the text says why, in Vietnamese."""


def checked_address(url: str) -> str:
    """Validate an address: https, a host in settings.PUSH_HOSTS, no credentials or fragment. Errors: BadPushAddress.

    An address set on a page must not reach into the network behind the server (SSRF).
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadPushAddress("Địa chỉ không đúng.") from error
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST_URL
    if not plain or not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise BadPushAddress("Địa chỉ không đúng. Ghi như https://baocao.example.gov.vn/nhan.")
    if parts.scheme not in settings.PUSH_SCHEMES:
        raise BadPushAddress("Địa chỉ phải bắt đầu bằng https://.")
    if parts.netloc.lower() not in settings.PUSH_HOSTS:
        raise BadPushAddress(f"Máy chủ {parts.netloc[:60]} chưa được cho phép (CCHC_PUSH_HOSTS).")
    return url


def receiver_secret(receiver: Receiver) -> str:
    """The shared secret. Derived from SECRET_KEY, so that a copy of the database does not contain it."""
    return SECRET_PREFIX + base64.b64encode(_key(receiver)).decode()


def _key(receiver: Receiver) -> bytes:
    about = f"cchc receiver {receiver.pk} {receiver.nonce}"
    return hmac.digest(settings.SECRET_KEY.encode(), about.encode(), hashlib.sha256)


def signature(key: bytes, event: str, timestamp: int, body: bytes) -> str:
    """The value of `Webhook-Signature`."""
    signed = b".".join([event.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def send(message: Message, at: datetime) -> DeliveryOutcome:
    """One delivery attempt; follows no redirects and discards the response body."""
    receiver = Receiver.objects.filter(pk=message.destination).first()
    if receiver is None or receiver.stopped_at is not None:
        return DeliveryOutcome(None, "Nơi nhận đã ngừng.")
    body = message.body.encode()
    timestamp = int(at.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "cchc-dashboard",
        "Webhook-Id": str(message.event),
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": signature(_key(receiver), str(message.event), timestamp, body),
    }
    try:
        return DeliveryOutcome(_posted(checked_address(receiver.url), body, headers))
    except BadPushAddress as bad:
        return DeliveryOutcome(None, str(bad))
    except TimeoutError:
        return DeliveryOutcome(None, f"Không trả lời trong {SECONDS} giây.")
    except ssl.SSLError:
        return DeliveryOutcome(None, "Chứng chỉ hoặc kết nối bảo mật không đúng.")
    except (OSError, http.client.HTTPException, ValueError):
        return DeliveryOutcome(None, "Không kết nối được.")


def _posted(url: str, body: bytes, headers: dict[str, str]) -> int:
    parts = urlsplit(url)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        link = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=SECONDS, context=context)
    else:
        link = http.client.HTTPConnection(parts.hostname, parts.port, timeout=SECONDS)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        link.request("POST", target, body, headers)
        return link.getresponse().status
    finally:
        link.close()


def receiver_subject(receiver: Receiver) -> str:
    """How the log names a receiver."""
    return f"receiver:{receiver.pk}"


@transaction.atomic
def create_receiver(
    name: str, unit: Unit, url: str, *, by: User | None, at: datetime
) -> tuple[Receiver, str]:
    """Push what is approved in the unit's subtree to the address from now on. Returns the receiver and its secret,
    which is shown once. Errors: BadPushAddress.
    """
    receiver = Receiver.objects.create(
        name=clean_text(name), unit=unit, url=checked_address(url), nonce=secrets.token_hex(16), created_at=at
    )
    detail = {"name": receiver.name, "unit": unit.pk, "unit_code": unit.code, "url": receiver.url}
    log.append("receiver.create", by=by, subject=receiver_subject(receiver), detail=detail)
    return receiver, receiver_secret(receiver)


@transaction.atomic
def stop_receiver(receiver: Receiver, *, by: User | None, at: datetime) -> bool:
    """Stop pushing to a receiver and give up its waiting messages; False if it was stopped already."""
    updated = Receiver.objects.filter(pk=receiver.pk, stopped_at=None).update(stopped_at=at)
    if updated:
        detail = {"name": receiver.name, "given_up": outbox.give_up(receiver.pk)}
        log.append("receiver.stop", by=by, subject=receiver_subject(receiver), detail=detail)
    return bool(updated)


RECEIVERS = (
    TableColumn("name", "Hệ thống", width=34),
    TableColumn("unit", "Đơn vị", "unit.name", width=30),
    TableColumn("url", "Địa chỉ nhận", width=60),
    TableColumn("stopped_at", "Ngừng lúc", width=20),
)


def receivers_file(receivers: Iterable[Receiver], at: datetime) -> TableFile:
    """Higher systems that approved figures are pushed to."""
    rows = table_rows(RECEIVERS, receivers)
    return TableFile("noi-nhan", "Hệ thống nhận số liệu đã duyệt", RECEIVERS, rows, at)


def messages_file(sent: QuerySet[Message], names: Mapping[int, str], at: datetime) -> TableFile:
    """Messages sent and waiting, without their content; `names` of the receivers by id."""
    columns = (
        TableColumn("created_at", "Lúc duyệt", width=20),
        TableColumn("to", "Nơi nhận", lambda message: names[message.destination], width=34),
        TableColumn("about", "Nội dung", "subject", width=50),
        TableColumn("state", "Tình trạng", "get_state_display"),
        TableColumn("attempts", "Số lần gửi"),
        TableColumn("delivered_at", "Đã nhận lúc", width=20),
    )
    rows = table_rows(columns, sent.iterator(ROWS_AT_ONCE))
    return TableFile("tin-gui-di", "Tin đã gửi và đang chờ", columns, rows, at)


class ReceiverForm(forms.Form):
    """A new receiver: name, unit and address."""

    name = CleanTextField(label="Tên hệ thống", max_length=100, help_text="Ví dụ: Hệ thống báo cáo của tỉnh.")
    unit = CleanTextField(
        label="Mã đơn vị",
        max_length=64,
        help_text="Báo cáo tháng được duyệt của đơn vị và mọi đơn vị bên dưới được gửi đi.",
    )
    url = CleanTextField(label="Địa chỉ nhận", max_length=LONGEST_URL, help_text="Bắt đầu bằng https://.")

    def clean_url(self) -> str:
        try:
            return checked_address(self.cleaned_data["url"])
        except BadPushAddress as bad:
            raise forms.ValidationError(str(bad), code="bad_address") from bad


CHIPS = {Delivery.WAITING: "wait", Delivery.DELIVERED: "ok", Delivery.FAILED: "late"}


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def receiver_list(request: HttpRequest) -> HttpResponse:
    """All receivers and their messages, the newest first; a POST creates a receiver and shows its secret once."""
    form = ReceiverForm(posted_data(request))
    receivers = list(managed_receivers(request.user, request.day))
    sent = _messages_to(receivers)
    tables = {
        "noi-nhan": lambda: receivers_file(receivers, timezone.now()),
        "tin": lambda: messages_file(
            sent, {receiver.pk: receiver.name for receiver in receivers}, timezone.now()
        ),
    }
    if file := requested_file(request, tables):
        return file
    if request.method == "POST" and form.is_valid():
        unit = administered_unit(request, form)
        if unit is not None:
            data = form.cleaned_data
            made, secret = create_receiver(
                data["name"], unit, data["url"], by=request.user, at=timezone.now()
            )
            return render(request, "units/push/receiver_created.html", {"receiver": made, "secret": secret})
    page = page_of(request, sent)
    context = {"form": form, "receivers": receivers, "page": page, "rows": _rows(page, receivers)}
    return render(request, "units/push/receivers.html", context, status=422 if form.errors else 200)


def _messages_to(receivers: list[Receiver]) -> QuerySet:
    destinations = [receiver.pk for receiver in receivers]
    return Message.objects.filter(destination__in=destinations).order_by("-pk").prefetch_related("tries")


def _rows(sent: Iterable[Message], receivers: list[Receiver]) -> list[dict]:
    """Rows of the page: each message with its last delivery attempt."""
    names = {receiver.pk: receiver.name for receiver in receivers}
    stopped = {receiver.pk for receiver in receivers if receiver.stopped_at}
    return [
        {
            "message": message,
            "about": message.subject,
            "to": names[message.destination],
            "chip": CHIPS[Delivery(message.state)],
            "last": list(message.tries.all())[-1:],
            "again": message.state != Delivery.DELIVERED and message.destination not in stopped,
        }
        for message in sent
    ]


@requires(Right.MANAGE)
@require_POST
def receiver_stop(request: HttpRequest, pk: int) -> HttpResponse:
    receiver = managed_receivers(request.user, request.day).filter(pk=pk).first()
    if receiver is None:
        raise Http404
    if stop_receiver(receiver, by=request.user, at=timezone.now()):
        messages.success(request, f"Đã ngừng gửi đến {receiver.name}.")
    return redirect("units:receivers")


@requires(Right.MANAGE)
@require_POST
def message_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message that failed or waits for its next attempt in the next run."""
    mine = managed_receivers(request.user, request.day).filter(stopped_at=None).values_list("pk", flat=True)
    message = Message.objects.filter(pk=pk, destination__in=list(mine)).first()
    if message is None:
        raise Http404
    if outbox.send_again(message, by=request.user, at=timezone.now()):
        messages.success(request, "Tin sẽ được gửi lại trong lần gửi tới.")
    return redirect("units:receivers")
