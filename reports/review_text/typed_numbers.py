"""Finds numbers typed into a text and matches each with the fact that it equals or resembles."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from figures import measures, rates

from .facts import Fact

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
_EXCEPTED = re.compile("|".join(f"(?:{pattern})" for pattern in EXCEPTED), re.I)
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
    names = (match.span() for match in _EXCEPTED.finditer(text))
    first, last = next(names, (len(text), len(text)))
    for number in _NUMBER.finditer(text):
        start, end = number.span("number")
        while last <= start < len(text) and first < len(text):
            first, last = next(names, (len(text), len(text)))
        if start < numbered or (first < end and start < last):
            continue
        kind, start, end = _kind(text, number)
        noun = (_NOUN.match(text, end)["noun"] or "") if kind == COUNT else ""
        sign = -1 if number["down"] else 1
        yield TypedNumber(
            start, end, text[start:end], kind, sign * number_value(number["number"]), noun.lower()
        )


def _kind(text: str, match: re.Match[str]) -> tuple[str, int, int]:
    """What a number is, and where it begins and ends with its words."""
    start, end = match.span("number")
    if match["points"]:
        return POINTS, match.start(), match.end("points")
    if match["sign"]:
        return (
            (GROWTH, match.start(), match.end("sign"))
            if match["verb"]
            else (PERCENT, start, match.end("sign"))
        )
    if match["verb"] and (dossiers := _DOSSIERS.match(text, end)):
        return MORE, match.start(), dossiers.end()
    return COUNT, start, end


# Deterministic: of several, the one whose words fit best, then the nearest, then the first key.

SAME, LOOKS_LIKE, UNSOURCED = "same", "looks_like", "unsourced"

TIERS: Mapping[str, tuple[str, ...]] = {
    "country": ("cả nước", "toàn quốc"),
    "province": ("cấp tỉnh", "các sở"),
    "district": ("cấp huyện", "phòng, ban"),
    "commune": ("cấp xã", "các xã", "xã, thị trấn", "xã, phường"),
}
# Figures that are written with words, "tăng 6,3 điểm phần trăm".
_WORDED = ("change.", "growth.", "gap.")
_WHOLE = ("chung", "tổng", "toàn ", "hai cấp", "các cấp", "cộng")
_BEFORE = ("cùng kỳ", "năm trước", "năm ngoái", "kỳ trước")
# What a sentence must say about a figure, for a number in it to be meant as that figure; the last part of its key.
WORDS: Mapping[str, tuple[str, ...]] = {
    **{rate.key: rate.words for rate in rates.CATALOGUE if rate.words},
    **{count.name: count.words for count in (*measures.CATALOGUE, *measures.SUM_CATALOGUE)},
}
# Words before a number that say on which side of the true one it lies; "" is either.
_HEDGES = {"hơn": "<", "trên": "<", "gần": ">", "khoảng": "", "xấp xỉ": ""}
# What follows a number of dossiers, where "hồ sơ" itself is left out.
_OF_DOSSIERS = ("hồ sơ", "trực t", "quá hạn", "trước hạn", "đúng hạn", "trong hạn", "qua ", "được ", "chờ ")
_LARGE, _SMALL = 1000, 20
_BEFORE_NUMBER = 20  # characters in which a hedge stands


@dataclass(frozen=True)
class NumberMatch:
    """What a typed number is: ``same`` as the figure `key`, one that ``looks_like`` it and differs, or
    ``unsourced`` (key "").
    """

    state: str
    key: str = ""


@dataclass(frozen=True)
class _Candidate:
    key: str
    value: Decimal
    kind: str
    fit: int


class KnownNumbers:
    """Facts indexed for all sentences of a text. `names`: unit key → name; a unit's facts are candidates only where the
    sentence names it.
    """

    def __init__(self, facts: Mapping[str, Fact], names: Mapping[str, str]) -> None:
        self._names = {key: name.lower() for key, name in names.items()}
        self._plain: list[tuple[str, Fact, tuple[str, Decimal]]] = []
        self._by_unit: dict[str, list[tuple[str, Fact, tuple[str, Decimal]]]] = {}
        for key, fact in facts.items():
            if worth := _value(key, fact):
                unit = key.split(".")[1] if key.startswith("unit.") else ""
                (self._by_unit.setdefault(unit, []) if unit else self._plain).append((key, fact, worth))

    def candidates(self, sentence: str) -> list[_Candidate]:
        """Facts that a sentence may mean, with how well its words fit (0: not at all)."""
        text = sentence.lower()
        units = {key for key, name in self._names.items() if name in text}
        every = self._plain + [entry for unit in sorted(units) for entry in self._by_unit.get(unit, ())]
        fits = ((key, _fit(key, fact, text, units), worth) for key, fact, worth in every)
        return [_Candidate(key, worth[1], worth[0], fit) for key, fit, worth in fits if fit is not None]


def match_number(number: TypedNumber, sentence: str, among: Iterable[_Candidate]) -> NumberMatch:
    """Matches `number` with the candidates of its sentence."""
    hedge = _hedge(sentence, number)
    same: list[tuple] = []
    like: list[tuple] = []
    for candidate in among:
        if candidate.kind != number.kind or (
            number.kind == COUNT and not _counts_alike(candidate.key, number)
        ):
            continue
        rank = (-candidate.fit, abs(candidate.value - number.value), candidate.key)
        if _equal(number, candidate.value) or _is_hedged(number.value, candidate.value, number.kind, hedge):
            if candidate.fit or (number.kind == COUNT and candidate.value >= _LARGE):
                same.append(rank)
        elif _near(number, candidate):
            like.append(rank)
    if same:
        return NumberMatch(SAME, min(same)[-1])
    return NumberMatch(LOOKS_LIKE, min(like)[-1]) if like else NumberMatch(UNSOURCED)


def _fit(key: str, fact: Fact, sentence: str, units: set[str]) -> int | None:
    """How well a sentence fits a fact: None where it cannot mean it, 0 without a hint, more is better."""
    side, _, rest = key.partition(".")
    if side in ("now", "before", "change", "growth"):
        scope, _, what = rest.partition(".")
        words = any(word in sentence for word in WORDS.get(what.rpartition(".")[2], ("\0",)))
        then = any(word in sentence for word in _BEFORE)
        if side == "before" and not then:
            return None
        return _scoped(scope, sentence) * 2 + 1 + (side == "before") if words else 0
    if side == "unit":
        code, _, what = rest.partition(".")
        words = any(word in sentence for word in WORDS.get(what.rpartition(".")[2], ("\0",)))
        return (6 if words else 0) if code in units else None
    if side in ("target", "gap"):
        fits = "chỉ tiêu" in sentence and any(
            word in sentence for word in WORDS.get(rest.partition(".")[0], ())
        )
        return 2 if fits else None
    if side == "indicator":
        name = fact.name.rpartition(": ")[2].lower()
        return 5 if _overlap(name, sentence) else None
    return 1 if side in ("missing", "tasks") and _overlap(fact.name.lower(), sentence) else None


def _scoped(scope: str, sentence: str) -> int:
    """2 where a sentence names the tier (or the whole), 0 where it names another, 1 where it names none."""
    named = {tier for tier, words in TIERS.items() if any(word in sentence for word in words)}
    if scope in TIERS:
        return 2 if scope in named else 0 if named else 1
    return 2 if any(word in sentence for word in _WHOLE) else 0 if named else 1


def _overlap(name: str, sentence: str) -> bool:
    """Whether at least three in five words of a name stand in a sentence."""
    words = [word.strip(",.;:") for word in name.split()]
    there = set(sentence.replace(",", " ").replace(".", " ").replace(";", " ").split())
    return bool(words) and 5 * sum(word in there for word in words) >= 3 * len(words)


def _value(key: str, fact: Fact) -> tuple[str, Decimal] | None:
    """Kind and value of a fact; None for what is no number."""
    if fact.value is None:
        return None
    if isinstance(fact.value, int):
        return COUNT, Decimal(fact.value)
    if key.startswith(_WORDED) or key.endswith((".change", ".gap")):
        numbers = find_numbers(fact.text, begins=False)
        return (numbers[0].kind, numbers[0].value) if len(numbers) == 1 else None
    try:
        return PERCENT, Decimal(fact.value)
    except InvalidOperation:
        return None


def _counts_alike(key: str, number: TypedNumber) -> bool:
    """Whether a number may count what a figure counts: dossiers are not people."""
    dossiers = key.startswith(("now.", "before.", "unit."))
    return not number.noun or dossiers == number.noun.startswith(_OF_DOSSIERS)


def _equal(number: TypedNumber, value: Decimal) -> bool:
    """Whether a number is a figure; "6,3 điểm" without a word for the direction is a rise as well as a fall."""
    return number.value == value or (number.text[:1].isdigit() and number.value == abs(value))


def _near(number: TypedNumber, candidate: _Candidate) -> bool:
    """Whether a number may be meant as a figure that it is not: a slip of the hand, or one of another day."""
    typed, true = abs(number.value), abs(candidate.value)
    if number.kind in (COUNT, MORE):
        slip = _one_slip(str(typed), str(true))
        if not candidate.fit:
            return slip and min(typed, true) >= _LARGE
        return true >= _SMALL and (slip or abs(typed - true) * 20 <= true)
    if not candidate.fit:
        return False
    far = 2 if number.kind == PERCENT else 1
    return abs(typed - true) <= far or (_one_slip(str(typed), str(true)) and true >= 10)


def _one_slip(first_text: str, other: str) -> bool:
    """Whether two numbers differ by one slip of the hand: a digit wrong, left out, doubled, or two swapped."""
    first_text, other = first_text.replace(".", ""), other.replace(".", "")
    if first_text == other or abs(len(first_text) - len(other)) > 1 or max(len(first_text), len(other)) < 3:
        return False
    if len(first_text) != len(other):
        short, long = sorted((first_text, other), key=len)
        return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    wrong = [at for at, (a, b) in enumerate(zip(first_text, other, strict=True)) if a != b]
    if len(wrong) == 1:
        return True
    if len(wrong) != 2 or wrong[1] != wrong[0] + 1:
        return False
    first, second = wrong
    return first_text[first] == other[second] and first_text[second] == other[first]


def _hedge(sentence: str, number: TypedNumber) -> str | None:
    before = sentence[max(0, number.start - _BEFORE_NUMBER) : number.start].rstrip().lower()
    return next((side for word, side in _HEDGES.items() if before.endswith(word)), None)


def _is_hedged(typed: Decimal, true: Decimal, kind: str, hedge: str | None) -> bool:
    """Whether "hơn 460" or "gần 50%" may be said of a figure: on the right side and not far."""
    if hedge is None or (hedge == "<" and typed > true) or (hedge == ">" and typed < true):
        return False
    far = abs(typed - true)
    return far * 20 <= true if kind == COUNT else far <= 1
