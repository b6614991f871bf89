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
    """A whole number, from `least` on."""
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
    return [] if value == "none" else [one.strip() for one in value.split(",") if one.strip()]


def long_enough(name: str, least: int) -> str:
    """A secret of at least so many signs; empty where there is none."""
    value = os.environ.get(name, "")
    if value and len(value) < least:
        raise ImproperlyConfigured(f"{name} ngắn hơn {least} ký tự.")
    return value


def secret_key(given: str, data: Path, production: bool) -> str:
    """That which is given; without one a key of its own for each data folder that is not of production."""
    if not given and not production:
        kept = data / "secret-key"
        if not kept.exists():
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(75))
        given = kept.read_text()
    if production and len(given) < 50:
        raise ImproperlyConfigured("CCHC_SECRET_KEY thiếu hoặc ngắn hơn 50 ký tự.")
    return given


def hosts(given: str, production: bool) -> list[str]:
    """The host names that are answered to; without any this machine's own, but not in production."""
    found = [host for host in given.split(",") if host]
    if not found and not production:
        found = ["127.0.0.1", "localhost", "[::1]"]
    if production and (not found or "*" in found):
        raise ImproperlyConfigured("CCHC_ALLOWED_HOSTS thiếu hoặc là *; hãy ghi tên miền thật.")
    return found


def issuer(given: str, production: bool) -> str:
    """The address of the sign-on server; empty: single sign-on is off."""
    found = urlsplit(given)
    if given and (found.scheme != "https" and production or not found.netloc):
        raise ImproperlyConfigured("CCHC_OIDC_ISSUER phải có dạng https://may-chu-dang-nhap.")
    return given


def base_url(given: str, usual: str) -> str:
    """What links in e-mails begin with: no request is at hand that would tell the address."""
    found = given.rstrip("/") or usual
    if urlsplit(found).scheme not in ("http", "https") or not urlsplit(found).netloc:
        raise ImproperlyConfigured("CCHC_BASE_URL phải có dạng https://ten-mien.")
    return found


SQLITE = {
    # Django's own with a queue for writers.
    "ENGINE": "core.sqlite3",
    # Tests that run side by side tell a database in memory by its name where they do not know the engine.
    "TEST": {"NAME": ":memory:"},
    # BEGIN IMMEDIATE: without it 73% of concurrent writes failed in the trial; FULL survives a power cut. 8 MB of pages
    # for each connection that reads so much: two years of a country's sums go past SQLite's own 2.
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000; "
        "PRAGMA cache_size=-8000;",
    },
}

# What PostgreSQL's planner has to know of our questions, for each connection:
POSTGRESQL = " ".join(
    f"-c {rule}"
    for rule in (
        # Compiling a question at run time pays for minutes of scanning; of a list of a country's silent it took two
        # thirds.
        "jit=off",
        # So does a second process for a part of it: 6 of the 12 ms in which 300 communes are added up by their
        # successors were spent until it had come and gone.
        "max_parallel_workers_per_gather=0",
    )
)


def database_settings(url: str, replica: str) -> dict[str, dict[str, Any]]:
    """ "default", and "replica" (cchc_dashboard.replica), which is never written to. Errors: ImproperlyConfigured."""
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
    # Two seconds: a replica that does not answer must not keep a reader waiting.
    second["OPTIONS"] = {"connect_timeout": 2, "options": f"-c default_transaction_read_only=on {POSTGRESQL}"}
    return {"default": first, "replica": second}


def email_settings(url: str, sender: str, production: bool) -> dict[str, Any]:
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
