"""A program without Django that reads one foreign PDF; started by path from reports.pdf.foreign_files."""

import json
import logging
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

# Arguments: `PREFIX PART…`. The file comes on standard input; PREFIX is the length of the frozen PDF that it begins
# with, or 0. PART is `text`, `attached` or `added`. The answer on standard output is JSON (see `foreign.ForeignFile`).

# Seconds of CPU time after which no further page is read, so that there is an answer.
TEXT_SECONDS = 24
LONGEST_TEXT = 2_000_000
MOST_PAGES = 500
DATA_NAME = "so-lieu.json"
LARGEST_DATA = 20_000_000
# Opening actions that run code or send data.
ACTIVE = ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/URI")


def read(content: bytes, prefix: int, names: frozenset[str]) -> dict[str, Any]:
    """The parts `names` of a file; unreadable ones are left out, with the reason in `faults` (for the log)."""
    result: dict[str, Any] = {"faults": []}
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "added": lambda: _appended(content, prefix),
        "attached": lambda: _attached(content),
        "text": lambda: _text(content),
    }
    for name, part in parts.items():
        if name in names:
            try:
                result |= part()
            except Exception as fault:
                result["faults"].append(f"{name}: {type(fault).__name__}: {fault}"[:300])
    return result


def _appended(content: bytes, prefix: int) -> dict[str, Any]:
    # Imported here, since pyHanko loads slowly and most files do not need it. With -I the program's own folder is not
    # on the path.
    sys.path.append(str(Path(__file__).parent))
    import appended_changes

    return appended_changes.read(content, prefix)


def _attached(content: bytes) -> dict[str, Any]:
    from pypdf import PdfReader

    files = PdfReader(BytesIO(content)).attachments.get(DATA_NAME)
    if files and len(files[0]) > LARGEST_DATA:
        raise ValueError("attached data too large")
    return {"attached": json.loads(files[0]) if files else None}


def _text(content: bytes) -> dict[str, Any]:
    """Page count, text as far as time and length allow (`whole`: all of it), and active content."""
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
    """The text of a page; "" if it cannot be read."""
    try:
        return reader.pages[number].extract_text()
    except MemoryError:
        raise
    except Exception as fault:
        logging.debug("page %d: %s", number + 1, fault)
        return ""


def _active(reader: Any) -> list[str]:
    """Names of actions that run when the document is opened."""
    root = reader.trailer["/Root"].get_object()
    actions = set()
    begun = root.get("/OpenAction")
    begun = begun.get_object() if begun is not None else None
    if isinstance(begun, dict) and begun.get("/S") in ACTIVE:
        actions.add(str(begun["/S"])[1:])
    names = root.get("/Names")
    if names is not None and "/JavaScript" in names.get_object():
        actions.add("JavaScript")
    if "/AA" in root or any("/AA" in page for page in list(reader.pages)[:MOST_PAGES]):
        actions.add("AA")
    return sorted(actions)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    # Imported here: with -I only the standard library is on the path.
    sys.path.append(str(next(place for place in Path(__file__).parents if (place / "manage.py").exists())))
    from core.sandbox import begin_in_child as begin

    prefix_, *names_ = begin()
    answer = read(sys.stdin.buffer.read(), int(prefix_), frozenset(names_))
    sys.stdout.write(json.dumps(answer, ensure_ascii=True))
