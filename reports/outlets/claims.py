"""A file that is not the frozen one and yet says that it is an issued review: it carries the code of one."""

import re
from dataclasses import dataclass
from typing import Any

from reports.models import Review
from reports.queries import issued

from . import codes, comparing, copies
from .comparing import Missing
from .pdf import foreign

_CODE = re.compile(rf"(?<![A-Z])[{codes.LETTERS}]{{5}}\s?[-–]\s?[{codes.LETTERS}]{{5}}(?![A-Z])")
_MOST_CODES = 10


@dataclass(frozen=True)
class Claim:
    """The issued review whose code a file carries; how many of its numbers were looked for in the file's text (0: it
    has no text to compare), and which the text holds in fewer places.
    """

    review: Review
    figures: int = 0
    missing: tuple[Missing, ...] = ()


def of(content: bytes) -> Claim | None:
    """Which issued review a foreign PDF says it is, by the code in its text or in its embedded data. Raises
    foreign.Busy. A number in the data alone does not do: it could be guessed.
    """
    if not content.startswith(b"%PDF-"):
        return None
    try:
        read = foreign.read(content, "text", "attached")
        review = _claimed(read.text or "", read.attached)
        if review is None:
            return None
        if not read.text or len("".join(read.text.split())) < comparing.LEAST_TEXT:
            return Claim(review)
        return Claim(review, *comparing.by_number(read, review, copies.kept(review)))
    except foreign.Busy:
        raise
    except (foreign.Unread, copies.Lost):
        return None


def _claimed(text: str, attached: Any) -> Review | None:
    found = [codes.read(one) for one in _CODE.findall(text)[:_MOST_CODES]]
    try:
        found.append(codes.read(str(attached["verify"]["code"])))
    except (KeyError, TypeError):
        pass
    for code in dict.fromkeys(one for one in found if one):
        review = issued.by_code(code)
        if review is not None:
            return review
    return None
