"""Django's settings of e-mail, from one address."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def configured(url: str, sender: str, production: bool) -> dict[str, Any]:
    """smtps:// is encrypted from the first byte, smtp:// by STARTTLS unless ?tls=0. Without an address e-mails are
    printed, but in production they go nowhere: a link that sets a password must not stand in the journal.

    Errors: ImproperlyConfigured, which names the variable.
    """
    usual = {"EMAIL_TIMEOUT": 10, "DEFAULT_FROM_EMAIL": sender or "cchc@localhost"}
    where = urlsplit(url)
    if not where.scheme:
        return usual | {"EMAIL_BACKEND": _backend("dummy" if production else "console")}
    try:
        host, port = where.hostname, where.port
    except ValueError as fault:
        raise ImproperlyConfigured("CCHC_EMAIL_URL: cổng không đúng.") from fault
    if where.scheme not in ("smtp", "smtps") or not host:
        raise ImproperlyConfigured("CCHC_EMAIL_URL phải có dạng smtp://tên:mật-khẩu@máy-chủ:cổng.")
    if "@" not in sender:
        raise ImproperlyConfigured("CCHC_EMAIL_FROM thiếu hoặc không phải địa chỉ thư điện tử.")
    at_once = where.scheme == "smtps"
    return usual | {
        "EMAIL_BACKEND": _backend("smtp"),
        "EMAIL_HOST": host,
        "EMAIL_PORT": port or (465 if at_once else 587),
        "EMAIL_HOST_USER": unquote(where.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(where.password or ""),
        "EMAIL_USE_SSL": at_once,
        "EMAIL_USE_TLS": not at_once and parse_qs(where.query).get("tls") != ["0"],
    }


def _backend(kind: str) -> str:
    return f"django.core.mail.backends.{kind}.EmailBackend"


def administrators(addresses: list[str], *, reached: bool) -> list[tuple[str, str]]:
    """Django's ADMINS. `reached`: whether e-mails go anywhere. Errors: ImproperlyConfigured."""
    if any("@" not in address for address in addresses):
        raise ImproperlyConfigured("CCHC_ADMINS có địa chỉ không phải thư điện tử.")
    if addresses and not reached:
        raise ImproperlyConfigured("CCHC_ADMINS cần máy chủ thư: CCHC_EMAIL_URL còn thiếu.")
    return [("", address) for address in addresses]
