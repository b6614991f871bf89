"""Reads the settings from environment variables: flags and numbers, secrets, hosts, databases, e-mail."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured


def read_dotenv(path: Path) -> None:
    """Take NAME=value lines of a .env file; the real environment wins."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, sign, value = line.strip().partition("=")
        if sign and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


def flag(name: str, default: bool = False) -> bool:
    """1, true, yes, on; anything else is no."""
    value = os.environ.get(name, "")
    return value.lower() in ("1", "true", "yes", "on") if value else default


def whole_number(name: str, default: int, *, least: int = 0) -> int:
    """A whole number of at least `least`. Errors: ImproperlyConfigured."""
    value = os.environ.get(name, "")
    if value and not value.isascii() or value and not value.isdigit():
        raise ImproperlyConfigured(f"{name} phải là số nguyên.")
    number = int(value) if value else default
    if number < least:
        raise ImproperlyConfigured(f"{name} phải từ {least} trở lên.")
    return number


def names(name: str, default: str) -> list[str]:
    """Names separated by commas; "none" is the empty list."""
    value = os.environ.get(name) or default
    return [] if value == "none" else [item.strip() for item in value.split(",") if item.strip()]


def long_enough(name: str, least: int) -> str:
    """A secret of at least so many characters, or "". Errors: ImproperlyConfigured."""
    value = os.environ.get(name, "")
    if value and len(value) < least:
        raise ImproperlyConfigured(f"{name} ngắn hơn {least} ký tự.")
    return value


def secret_key(key: str, data: Path, production: bool) -> str:
    """The key itself; outside production by default a generated one, stored in the data folder."""
    if not key and not production:
        file = data / "secret-key"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(75))
        key = file.read_text()
    if production and len(key) < 50:
        raise ImproperlyConfigured("CCHC_SECRET_KEY thiếu hoặc ngắn hơn 50 ký tự.")
    return key


def hosts(value: str, production: bool) -> list[str]:
    """The allowed host names; outside production by default those of this machine."""
    host_names = [host for host in value.split(",") if host]
    if not host_names and not production:
        host_names = ["127.0.0.1", "localhost", "[::1]"]
    if production and (not host_names or "*" in host_names):
        raise ImproperlyConfigured("CCHC_ALLOWED_HOSTS thiếu hoặc là *; hãy ghi tên miền thật.")
    return host_names


def issuer(url: str, production: bool) -> str:
    """The address of the single sign-on server; "": off."""
    parts = urlsplit(url)
    if url and (parts.scheme != "https" and production or not parts.netloc):
        raise ImproperlyConfigured("CCHC_OIDC_ISSUER phải có dạng https://may-chu-dang-nhap.")
    return url


def base_url(url: str, default: str) -> str:
    """The start of links in e-mails, which are built without a request."""
    base = url.rstrip("/") or default
    if urlsplit(base).scheme not in ("http", "https") or not urlsplit(base).netloc:
        raise ImproperlyConfigured("CCHC_BASE_URL phải có dạng https://ten-mien.")
    return base


SQLITE = {
    "ENGINE": "core.sqlite3",
    # With an unknown engine, parallel tests recognise a database in memory by this name.
    "TEST": {"NAME": ":memory:"},
    # BEGIN IMMEDIATE: without it 73% of concurrent writes failed in a test; FULL survives a power cut. 8 MB of cache
    # per connection: two years of sums of the whole country exceed SQLite's default of 2.
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000; "
        "PRAGMA cache_size=-8000;",
    },
}

# Settings of PostgreSQL for each connection.
POSTGRESQL = " ".join(
    f"-c {rule}"
    for rule in (
        # JIT pays for queries of minutes; it took two thirds of the time of listing missing reports of the country.
        "jit=off",
        # Starting a parallel worker took 6 of the 12 ms of summing 300 communes by successor.
        "max_parallel_workers_per_gather=0",
    )
)


def database_settings(url: str, replica: str) -> dict[str, dict[str, Any]]:
    """DATABASES: "default", and the read-only "replica" (cchc_dashboard.replica). Errors: ImproperlyConfigured."""
    first = dj_database_url.parse(url, conn_max_age=60)
    if first["ENGINE"].endswith("sqlite3"):
        first |= SQLITE
    else:
        first["CONN_HEALTH_CHECKS"] = True
        first.setdefault("OPTIONS", {}).setdefault("options", POSTGRESQL)
    if not replica:
        return {"default": first}
    second = dj_database_url.parse(replica, conn_max_age=60)
    if {first["ENGINE"], second["ENGINE"]} != {"django.db.backends.postgresql"}:
        raise ImproperlyConfigured("CCHC_REPLICA_URL chỉ dùng được khi cả hai cơ sở dữ liệu là PostgreSQL.")
    # Short timeout: a request waits for a replica that does not answer.
    second["OPTIONS"] = {"connect_timeout": 2, "options": f"-c default_transaction_read_only=on {POSTGRESQL}"}
    return {"default": first, "replica": second}


def email_settings(url: str, sender: str, production: bool) -> dict[str, Any]:
    """Django's EMAIL_… settings: smtps:// is TLS from the start, smtp:// STARTTLS unless ?tls=0. Without an address
    e-mails are printed, but dropped in production: the journal must not hold links that set a password.

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
    """Django's ADMINS. `reached`: whether a mail server is configured. Errors: ImproperlyConfigured."""
    if any("@" not in address for address in addresses):
        raise ImproperlyConfigured("CCHC_ADMINS có địa chỉ không phải thư điện tử.")
    if addresses and not reached:
        raise ImproperlyConfigured("CCHC_ADMINS cần máy chủ thư: CCHC_EMAIL_URL còn thiếu.")
    return [("", address) for address in addresses]
