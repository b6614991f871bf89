"""The program that reads one foreign PDF and ends, without Django.

Started by path from reports.pdf.foreign.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

# Started by `foreign` (core.child_process) with `PREFIX WHAT…`. The file comes on standard input; PREFIX is the length
# of the frozen PDF that it begins with, byte for byte, or 0. WHAT names what is wanted: `text`, `attached`, `added`.
# The answer on standard output is JSON (see `foreign.Read`). A file that takes more memory or time than it may costs
# this process and nothing else.

# After so much time of the processor no further page is read, so that what was read is told.
TEXT_SECONDS = 24
LONGEST_TEXT = 2_000_000
MOST_PAGES = 500
DATA_NAME = "so-lieu.json"
LARGEST_DATA = 20_000_000
# What would run, or send something somewhere, when a document is opened: names of actions in what a viewer begins with.
ACTIVE = ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/URI")


def read(content: bytes, prefix: int, wanted: frozenset[str]) -> dict[str, Any]:
    """Everything wanted of a file; what cannot be read is left out, with why in `faults` (English, for the log)."""
    told: dict[str, Any] = {"faults": []}
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "added": lambda: _appended(content, prefix),
        "attached": lambda: _attached(content),
        "text": lambda: _text(content),
    }
    for name, part in parts.items():
        if name in wanted:
            try:
                told |= part()
            except Exception as fault:
                told["faults"].append(f"{name}: {type(fault).__name__}: {fault}"[:300])
    return told


def _appended(content: bytes, prefix: int) -> dict[str, Any]:
    # Here and not above: pyHanko takes a while to load, and most files need it not. A program started with -I does not
    # look into its own folder by itself.
    sys.path.append(str(Path(__file__).parent))
    import appended

    return appended.read(content, prefix)


def _attached(content: bytes) -> dict[str, Any]:
    from pypdf import PdfReader

    found = PdfReader(BytesIO(content)).attachments.get(DATA_NAME)
    if found and len(found[0]) > LARGEST_DATA:
        raise ValueError("attached data too large")
    return {"attached": json.loads(found[0]) if found else None}


def _text(content: bytes) -> dict[str, Any]:
    """Pages, their text as far as time and length allow (`whole`: all of it), and what is active."""
    from pypdf import PdfReader

    reader = PdfReader(BytesIO(content))
    if reader.is_encrypted:
        return {"encrypted": True}
    pages = len(reader.pages)
    parts: list[str] = []
    length = 0
    for number in range(min(pages, MOST_PAGES)):
        if time.process_time() > TEXT_SECONDS or length > LONGEST_TEXT:
            break
        parts.append(_page_text(reader, number))
        length += len(parts[-1])
    text = "\n".join(parts)[:LONGEST_TEXT]
    whole = len(parts) == pages and length <= LONGEST_TEXT
    return {"pages": pages, "text": text, "whole": whole, "active": _active(reader)}


def _page_text(reader: Any, number: int) -> str:
    """The text of a page; a page that cannot be read has none."""
    try:
        return reader.pages[number].extract_text()
    except MemoryError:
        raise
    except Exception as fault:
        logging.debug("page %d: %s", number + 1, fault)
        return ""


def _active(reader: Any) -> list[str]:
    """Names of what runs by itself when the document is opened."""
    root = reader.trailer["/Root"].get_object()
    found = set()
    begun = root.get("/OpenAction")
    begun = begun.get_object() if begun is not None else None
    if isinstance(begun, dict) and begun.get("/S") in ACTIVE:
        found.add(str(begun["/S"])[1:])
    names = root.get("/Names")
    if names is not None and "/JavaScript" in names.get_object():
        found.add("JavaScript")
    if "/AA" in root or any("/AA" in page for page in list(reader.pages)[:MOST_PAGES]):
        found.add("AA")
    return sorted(found)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    # Here and not above, as below: started with -I, a program knows only the standard library.
    sys.path.append(str(next(place for place in Path(__file__).parents if (place / "manage.py").exists())))
    from core.child_process import begin_in_child as begin

    prefix_, *wanted_ = begin()
    answer = read(sys.stdin.buffer.read(), int(prefix_), frozenset(wanted_))
    sys.stdout.write(json.dumps(answer, ensure_ascii=True))
