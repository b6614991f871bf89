"""How often something may be done from one address, or by one system, counted by all workers of a host together.

The state is a file in the data folder, one of a fixed number, so that it neither writes to the database (which may be
read-only) nor grows with the number of those who ask. Two of them may share a file and then a limit.
"""

import fcntl
import hashlib
import json
import math
import time
from contextlib import suppress
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

_LANES = 4096


def within(what: str, request: HttpRequest, *, most: int, seconds: int) -> bool:
    """Count one more `what` of the request's address; False when it was done `most` times within `seconds` already."""
    return wait(what, origin_of(request) or "", most=most, seconds=seconds) == 0


def wait(what: str, whose: str, *, most: int, seconds: int) -> int:
    """Count one more `what` of somebody: 0, or in how many seconds it may be tried again when it was done `most` times
    within `seconds` already, and is not counted. Where the file cannot be written (full disk) nothing is refused.
    """
    key = int.from_bytes(hashlib.sha256(whose.encode()).digest()[:4], "big") % _LANES
    now = time.time()
    with suppress(OSError):
        folder = settings.DATA_DIR / "pace"
        folder.mkdir(mode=0o700, exist_ok=True)
        with open(folder / f"{what}-{key:04}", "a+", encoding="utf-8") as lane:
            fcntl.flock(lane, fcntl.LOCK_EX)
            lane.seek(0)
            times = [one for one in _read(lane.read()) if now - seconds < one <= now]
            if len(times) >= most:
                return math.ceil(times[-most] + seconds - now)
            lane.truncate(0)
            lane.write(json.dumps([*times, now]))
    return 0


def address_of(request: HttpRequest) -> str | None:
    """Where a request comes from; behind N proxies (`CCHC_PROXIES`) the Nth entry of X-Forwarded-For from the right:
    what stands left of it is the visitor's own word. The neighbour where that is no address; None at a socket.
    """
    neighbour = request.META.get("REMOTE_ADDR") or None
    told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if not 1 <= settings.PROXIES <= len(told):
        return neighbour
    text = told[-settings.PROXIES].strip()
    with suppress(ValueError):
        # A zone (fe80::1%eth0) is none of the visitor's, and no database takes it.
        return neighbour if "%" in text else str(ip_address(text))
    return neighbour


def origin_of(request: HttpRequest) -> str | None:
    """The address that counts: of IPv6 the network of one customer, who has billions of addresses in it."""
    address = address_of(request)
    with suppress(ValueError):
        found = ip_address(address or "")
        found = getattr(found, "ipv4_mapped", None) or found
        # 64 bits of an IPv6 address are its network's.
        return str(found if found.version == 4 else ip_network((int(found), 64), strict=False)[0])
    return address


def _read(text: str) -> list[float]:
    with suppress(ValueError, TypeError):
        return [float(one) for one in json.loads(text or "[]")]
    return []
