"""Where figures are pushed to (only named hosts, over TLS), how a message is signed, and one attempt to
deliver it.
"""

import base64
import hashlib
import hmac
import http.client
import ssl
from datetime import date, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import User
from ledger.models import Message
from ledger.outbox import DeliveryOutcome
from units.access.queries import managed_condition
from units.models import Receiver, Unit


def managed_receivers(user: User, day: date) -> QuerySet[Receiver]:
    """The receivers of what is approved in units that the user administers."""
    return Receiver.objects.filter(unit__in=Unit.objects.filter(managed_condition(user, day))).select_related(
        "unit"
    )


SECONDS = 10
SECRET_PREFIX = "whsec_"
LONGEST_URL = 300


class BadPushAddress(ValueError):
    """An address that is not pushed to; the text says why, in Vietnamese."""


def checked_address(url: str) -> str:
    """The address, if it may be pushed to: https, a host named in settings.PUSH_HOSTS, nothing hidden in it.

    Who may set an address on a page must not reach into the network behind the server with it.
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
    """The secret that receiver and we share. Derived, so that a copy of the database does not hold it."""
    return SECRET_PREFIX + base64.b64encode(_key(receiver)).decode()


def _key(receiver: Receiver) -> bytes:
    about = f"cchc receiver {receiver.pk} {receiver.nonce}"
    return hmac.digest(settings.SECRET_KEY.encode(), about.encode(), hashlib.sha256)


def signature(key: bytes, event: str, timestamp: int, body: bytes) -> str:
    """The value of `Webhook-Signature`."""
    signed = b".".join([event.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def send(message: Message, at: datetime) -> DeliveryOutcome:
    """One try; redirections are not followed, and what is answered is not kept."""
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
