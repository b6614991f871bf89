"""P8: compressed size of a page's first visit, summed over the files that the page names."""

import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.test import Client

from accounts.models import User
from records.models import Edition, State

from .databases import use
from .measurement import Result

LIMIT, LATER, REQUESTS = 150, 40, 10
_NAMED = re.compile(r"""<(?:link|script|img)[^>]+(?:href|src)="/static/([^"]+)\"""")
_FACE = re.compile(r"@font-face\s*{([^}]*)}")
_FILE = re.compile(r"""url\(["']?([^"')]+\.woff2)""")
_RANGE = re.compile(r"U\+([0-9A-Fa-f]+)(?:-([0-9A-Fa-f]+))?")


def rows(connection: Any, addresses: Iterable[str], scale: str) -> Iterator[Result]:
    """KiB of the first and later visits of each page and of a returned month's sheet; the most requests of a page."""
    most = 0
    with use(connection):
        client = _client("tonghop")
        pages = {address: _page(client, address) for address in addresses}
        returned = Edition.objects.filter(state=State.RETURNED).select_related("submission__unit").first()
        sheet = f"/records/{returned.submission_id}/"
        pages[f"{sheet} (entry)"] = _page(_client(f"xa-{returned.submission.unit.code}"), sheet)
    for address, html in pages.items():
        files = _files(html)
        itself = len(_compressed(html.encode())) / 1024
        first = itself + sum(files.values()) / 1024
        most = max(most, 1 + len(files))
        yield Result(f"P8 first load of {address} ÷ limit", scale, first, LIMIT, unit="KiB", goal=1.0)
        yield Result(f"P8 later load of {address} ÷ limit", scale, itself, LATER, unit="KiB", goal=1.0)
    yield Result("P8 requests of a first load, at most ÷ limit", scale, most, REQUESTS, "requests", 1.0)


def _client(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name), "django.contrib.auth.backends.ModelBackend")
    return client


def _page(client: Client, address: str) -> str:
    response = client.get(address)
    if response.status_code != 200:
        raise RuntimeError(f"{address}: {response.status_code}")
    return response.content.decode()


def _files(html: str) -> dict[str, int]:
    """Name → transferred bytes of style sheets, scripts, images and the fonts that the page needs."""
    sizes = {}
    for name in dict.fromkeys(_NAMED.findall(html)):
        content = _static(name)
        sizes[name] = len(_compressed(content))
        if name.endswith(".css"):
            for font in _fonts(content.decode(), html):
                path = (Path("/") / name).parent / font
                font_name = str(path.resolve()).lstrip("/")
                sizes[font_name] = len(_static(font_name))
    return sizes


def _fonts(style: str, html: str) -> Iterator[str]:
    """Font files with a letter of the page (an upper bound: a page may not use every weight)."""
    letters = {ord(letter) for letter in html}
    for face in _FACE.findall(style):
        ranges = [(int(start, 16), int(end or start, 16)) for start, end in _RANGE.findall(face)]
        if not ranges or any(start <= letter <= end for letter in letters for start, end in ranges):
            yield _FILE.search(face)[1]


def _static(name: str) -> bytes:
    return Path(finders.find(name)).read_bytes()


def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, 6)
