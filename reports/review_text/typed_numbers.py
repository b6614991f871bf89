"""Numbers that somebody typed into a text: where they stand, their value and what they count."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

# Left out is what is no figure: days, months and years, times of day, numbers of documents, of sections and
# pages, names such as "mức độ 3" or "Đề án 06". Numbers in words ("hai cấp") are words.

# A rise or fall ("tăng 137 hồ sơ", "giảm 6,9%") is another thing than a number of dossiers or a share.
PERCENT, POINTS, COUNT, MORE, GROWTH = "percent", "points", "count", "more", "growth"

_DAY = r"\d{1,2}\s?[/.\-]\s?\d{1,2}"
_YEAR = r"(?:19|20)\d{2}"
_LIST = r"\d{1,2}(?:\s?(?:,|và|đến|-|–)\s?\d{1,2})*"
_DOCUMENT = (
    "nghị quyết|nghị định|quyết định|thông tư|thông báo|chỉ thị|công văn|công điện|luật|đề án|kế hoạch|chương trình|"
    "báo cáo|tờ trình|hướng dẫn|văn bản|kết luận"
)
# What is no figure, in any case of letters. No pattern may read a long row of digits once for each of them.
EXCEPTED = (
    rf"{_DAY}\s?[/.\-]\s?\d{{4}}",
    r"\d{4}-\d{2}-\d{2}",
    rf"(?:ngày|hôm|sáng|chiều|tối|từ|đến|trước|sau|hạn)\s+(?:ngày\s+)?{_DAY}(?:\s?[/.\-]\s?\d{{4}})?(?![\d%]|[.,]\d)",
    r"ngày\s+\d{1,2}(?![\d%/]|[.,]\d)",
    rf"tháng\s+{_LIST}(?:\s?/\s?\d{{4}})?(?![\d%]|[.,]\d)",
    r"\d{1,2}\s?/\s?\d{4}(?!\d)",
    r"(?:quý|học kỳ|kỳ|tuần)\s+(?:thứ\s+)?(?:\d{1,2}|[ivx]+)(?:\s?/\s?\d{4})?(?![\d%]|[.,]\d)",
    rf"\d{{1,2}}\s+tháng\s+(?:đầu|cuối)\s+năm(?:\s+{_YEAR})?",
    rf"\d{{1,2}}\s+tháng(?:\s+đầu|\s+cuối)?(?:\s+năm)?\s+{_YEAR}",
    rf"(?:năm|giai đoạn|nhiệm kỳ|niên độ|thời kỳ)\s+{_YEAR}(?:\s?[-–,]\s?{_YEAR}|\s+(?:đến|và)\s+(?:năm\s+)?{_YEAR})*",
    rf"{_YEAR}\s?[-–]\s?{_YEAR}",
    r"\d{1,2}\s?(?:giờ|h)(?:\s?\d{1,2}(?:\s?phút)?)?(?!\w)",
    r"\d{1,2}:\d{2}",
    r"24/(?:7|24)(?!\d)",
    # Documents: 76/NQ-CP, 42/2022/NĐ-CP, II.06a/VPCP; "số 12" but not "tổng số 12"; a kind of document and its number.
    r"(?<!\d)\d+[a-zđ]?(?:/\d{4})?/[^\W\d_][\w\-/]*",
    r"(?<!tổng )(?<!một )(?<!con )(?<!các )(?<!những )(?<!đa )số\s+\d+(?:/[\w\-/]+)?(?!\s*(?:%|hồ sơ))"
    r"(?![\d.,]{0,20}\d)",
    rf"(?:{_DOCUMENT})(?:\s+số)?\s+\d+(?:/[\w\-/]+)?(?!\s*(?:%|hồ sơ))(?![\d.,]{{0,20}}\d)",
    # Places in a document.
    r"(?:mục|tiểu mục|chương|điều|khoản|phụ lục|biểu|biểu mẫu|bảng|hình|sơ đồ|trang)"
    r"\s+(?:số\s+)?(?:[ivx]+\.)?\d+(?:\.\d+)*[a-zđ]?(?![\d%])",
    # Names and kinds.
    r"(?:mức độ|mức|cấp độ|hạng|loại|lớp|khóa|khoá|lần|lần thứ|thứ|tổ|nhóm|phường|quận|phiên bản)\s+"
    + _LIST
    + r"(?![\d%]|[.,/]\d)",
    r"(?:iso|tcvn(?:\s+iso)?)\s?\d+(?:[:\-]\d+)?",
    r"(?:công nghiệp|công nghệ)\s+\d\.\d",
)
_EXCEPTED = re.compile("|".join(f"(?:{one})" for one in EXCEPTED), re.I)
_LEADING = re.compile(r"\s*(?:[-–+•]\s*)?(?:\(\d{1,2}\)|\d{1,2}(?:\.\d{1,2})*[.)](?!\d))\s")
# A word that a number is part of is a name: Covid-19, VNPT4, 5G.
_NUMBER = re.compile(
    r"(?P<verb>(?<!\w)(?P<down>giảm|thấp hơn)?(?(down)|(?:tăng|vượt|cao hơn))(?:\s+thêm|\s+chỉ tiêu(?:\s+giao)?)?\s+)?"
    r"(?<![\w.,])(?<!\w[-–])(?P<number>\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?)(?![^\W\d_]|\d)"
    r"(?P<sign>\s?%|\s+phần trăm)?(?P<points>\s+điểm(?:\s+(?:phần trăm|%))?)?",
    re.I,
)
_DOSSIERS = re.compile(r"\s+hồ sơ(?!\w)", re.I)
_NOUN = re.compile(r"\s*(?P<noun>hồ sơ|[^\W\d_]+(?:\s+[^\W\d_]+)?)?", re.I)


@dataclass(frozen=True)
class TypedNumber:
    """A number in a text: its place there, as it is written, its kind, its value, and the word or two that follow a
    count. A rise or fall is written with its words, "giảm 0,4 điểm phần trăm", and below 0 where it is a fall.
    """

    start: int
    end: int
    text: str
    kind: str
    value: Decimal
    noun: str = ""


def find_numbers(text: str, *, begins: bool = True) -> list[TypedNumber]:
    """The numbers of a text, in order. `begins`: the text begins a paragraph, so that "1. " may number it."""
    return list(_numbers(text, begins))


def number_value(written: str) -> Decimal:
    """The value of a number as it is written in Vietnamese: "14.700" is 14700, "87,4" and "87.4" are 87.4."""
    plain = written.strip().rstrip("%").strip()
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", plain):
        plain = plain.replace(".", "")
    return Decimal(plain.replace(",", "."))


def shift_number(number: TypedNumber, by: int) -> TypedNumber:
    """The same number in a text that begins `by` characters earlier."""
    return replace(number, start=number.start + by, end=number.end + by)


def _numbers(text: str, begins: bool) -> Iterator[TypedNumber]:
    leading = _LEADING.match(text) if begins else None
    numbered = leading.end() if leading else 0
    names = (one.span() for one in _EXCEPTED.finditer(text))
    first, last = next(names, (len(text), len(text)))
    for found in _NUMBER.finditer(text):
        start, end = found.span("number")
        while last <= start < len(text) and first < len(text):
            first, last = next(names, (len(text), len(text)))
        if start < numbered or (first < end and start < last):
            continue
        kind, start, end = _kind(text, found)
        noun = (_NOUN.match(text, end)["noun"] or "") if kind == COUNT else ""
        sign = -1 if found["down"] else 1
        yield TypedNumber(
            start, end, text[start:end], kind, sign * number_value(found["number"]), noun.lower()
        )


def _kind(text: str, found: re.Match[str]) -> tuple[str, int, int]:
    """What a number is, and where it begins and ends with its words."""
    start, end = found.span("number")
    if found["points"]:
        return POINTS, found.start(), found.end("points")
    if found["sign"]:
        return (
            (GROWTH, found.start(), found.end("sign"))
            if found["verb"]
            else (PERCENT, start, found.end("sign"))
        )
    if found["verb"] and (dossiers := _DOSSIERS.match(text, end)):
        return MORE, found.start(), dossiers.end()
    return COUNT, start, end
