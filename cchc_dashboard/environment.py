"""What the settings are driven by: variables of the environment, and what may stand in them.

With debug and demo off a missing or weak value stops the start and is named (acceptance S20).
"""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

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


def whole(name: str, default: int, *, least: int = 0) -> int:
    """A whole number, from `least` on."""
    value = os.environ.get(name, "")
    if value and not value.isascii() or value and not value.isdigit():
        raise ImproperlyConfigured(f"{name} phải là số nguyên.")
    number = int(value) if value else default
    if number < least:
        raise ImproperlyConfigured(f"{name} phải từ {least} trở lên.")
    return number


def named(name: str, default: str) -> list[str]:
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
