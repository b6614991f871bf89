"""Typesets printed Vietnamese: keeps words that belong together on one line."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# A number and what it counts ("14.712 hồ"), a word and its number ("khoản 1", "ngày 15/12/2021", "mức độ 3,
# 4"), a dash and the word before it, the last two words of a paragraph. Markup prevents the breaks, not no-break
# spaces: text copies as written and justified lines stretch evenly.

_NUMBER = re.compile(r"\(?[0-9][0-9./]*(?:,[0-9]+)?%?")
_ORDINAL = re.compile(r"(?:[0-9][0-9./,-]*|[IVXLC]+|[a-zđ])[.,;:)]*")
# Words followed by a number, a Roman numeral or a letter.
_BEFORE = frozenset("điểm khoản điều mục chương phần lục biểu ngày tháng năm quý độ kỳ cấp lần trang".split())
_WITHIN = ("khoản", "Điều")
# What is counted, by its first syllable: the number stays with it.
_COUNTED = frozenset(
    "hồ đơn báo điểm nhiệm văn thủ cơ thị cuộc lượt lớp người xã phường huyện tỉnh phòng ban tháng ngày năm quý giờ "
    "phút triệu tỷ đồng trang chỉ lĩnh".split()
)
_STARTS = "([“\"'"
LONGEST = 22  # letters kept on one line; more would leave gaps in the line before
SHORTEST_END = 12  # letters; a shorter last line gets one more word
UNKNOWN = "\u25a1"
_BOXES = re.compile(f"{UNKNOWN}+")


# A line break of the template just inside an element or at <br>.
_INDENTATION = re.compile(r"(<[a-z][^>]*>)\s*\n\s*|\s*\n\s*(?=</|<br>)")


def drop_indentation(html: str) -> str:
    """Removes the template's indentation, which would be drawn as a space before or after an element's text."""
    return _INDENTATION.sub(lambda match: match[1] or "", html)


def set_line(text: str) -> SafeString:
    """A paragraph as markup, escaped and otherwise unchanged."""
    words = text.split(" ")
    parts: list[str] = []
    start = 0
    bound = _bound(words)
    for place in range(1, len(words) + 1):
        if place == len(words) or not bound[place - 1]:
            group = " ".join(words[start:place])
            parts.append(format_html('<span class="nb">{}</span>', group) if place - start > 1 else group)
            start = place
    return format_html_join(" ", "{}", ((part,) for part in parts))


def _bound(words: Sequence[str]) -> list[bool]:
    """Whether the space after each word must not break."""
    bound = [False] * len(words)
    for place in range(len(words) - 1):
        word, after = words[place].lstrip(_STARTS), words[place + 1]
        if word.lower() in _BEFORE and _ORDINAL.fullmatch(after) or after in ("–", "-"):
            bound[place] = True
            if word == "độ" and place:
                bound[place - 1] = True
        elif place and bound[place - 1] and (after in _WITHIN or word[-1:] == "," and after[:1].isdigit()):
            # "điểm a khoản 1 Điều 2", "mức độ 3, 4"
            bound[place] = bool(_ORDINAL.fullmatch(words[place]))
        elif _NUMBER.fullmatch(words[place]) and after.rstrip(".,;:)").lower() in _COUNTED:
            bound[place] = True
    if len(words) > 3 and len(words[-1]) < SHORTEST_END:
        bound[-2] = True
    return _bounded(words, bound)


def _bounded(words: Sequence[str], bound: list[bool]) -> list[bool]:
    """Allows breaks again in groups that are too long."""
    length = 0
    for place, word in enumerate(words):
        length += len(word) + 1
        if bound[place] and place + 1 < len(words) and length + len(words[place + 1]) > LONGEST:
            bound[place] = False
        if not bound[place]:
            length = 0
    return bound


def plain_words(runs: Iterable) -> str:
    """The text of a paragraph of runs (reports.review_text.bound_text) or of plain text."""
    return runs if isinstance(runs, str) else "".join(run.text for run in runs)


def printable(text: str) -> str:
    """Text that the print fonts can render: composed, without control marks, with a box for missing characters such as
    emoji. So the PDF does not depend on other fonts of the machine.
    """
    text = unicodedata.normalize("NFC", text)
    letters = _letters()
    other = {letter for letter in set(text) if letter not in letters and letter not in "\n\t"}
    table = {
        ord(letter): None if unicodedata.category(letter) in ("Cc", "Cf", "Mn", "Me", "Sk") else UNKNOWN
        for letter in other
    }
    return _BOXES.sub(UNKNOWN, text.translate(table)) if table else text


@cache
def _letters() -> frozenset[str]:
    # Imported here: only drawing needs it.
    from fontTools.ttLib import TTFont

    steering = (*range(32), *range(0x7F, 0xA0), *range(0x200B, 0x2010), *range(0x2028, 0x202F), 0xAD, 0xFEFF)
    faces = [TTFont(path, lazy=True).getBestCmap() for path in Path(settings.PRINT_FONTS).glob("*.ttf")]
    common = set.intersection(*(set(face) for face in faces))
    return frozenset(map(chr, common.difference(steering, range(0x2060, 0x2070))))
