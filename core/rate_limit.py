"""Rate limits by client address or system, shared by all workers of a host. The state is in a fixed number of files in
the data folder, so that it does not write to the database nor grow with the number of clients.
"""

import fcntl
import hashlib
import json
import math
import time
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest

from .network import client_origin

_LANES = 4096


def is_within_limit(what: str, request: HttpRequest, *, most: int, seconds: int) -> bool:
    """Count one more `what` from the address of the request; False if it already has `most` within `seconds`."""
    return seconds_to_wait(what, client_origin(request) or "", most=most, seconds=seconds) == 0


def seconds_to_wait(what: str, whose: str, *, most: int, seconds: int) -> int:
    """Count one more `what` of a client and return 0; if it already has `most` within `seconds`, return the seconds
    until the next is allowed, uncounted. Returns 0 if the file cannot be written (full disk).
    """
    key = int.from_bytes(hashlib.sha256(whose.encode()).digest()[:4], "big") % _LANES
    now = time.time()
    with suppress(OSError):
        folder = settings.DATA_DIR / "pace"
        folder.mkdir(mode=0o700, exist_ok=True)
        with open(folder / f"{what}-{key:04}", "a+", encoding="utf-8") as lane:
            fcntl.flock(lane, fcntl.LOCK_EX)
            lane.seek(0)
            times = [read_time for read_time in _read_times(lane.read()) if now - seconds < read_time <= now]
            if len(times) >= most:
                return math.ceil(times[-most] + seconds - now)
            lane.truncate(0)
            lane.write(json.dumps([*times, now]))
    return 0


def _read_times(text: str) -> list[float]:
    with suppress(ValueError, TypeError):
        return [float(load) for load in json.loads(text or "[]")]
    return []
