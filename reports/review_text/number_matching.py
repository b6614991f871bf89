"""Matches a typed number with the known figure that it is, or seems to be meant to be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from figures import measures, rates

from .facts import Fact
from .typed_numbers import COUNT, MORE, PERCENT, TypedNumber, find_numbers

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
    """The known figures, read once for all sentences of a text. `names`: unit key → name; a unit's figures count only
    where its name stands in the sentence.
    """

    def __init__(self, known: Mapping[str, Fact], names: Mapping[str, str]) -> None:
        self._names = {key: name.lower() for key, name in names.items()}
        self._plain: list[tuple[str, Fact, tuple[str, Decimal]]] = []
        self._by_unit: dict[str, list[tuple[str, Fact, tuple[str, Decimal]]]] = {}
        for key, fact in known.items():
            if worth := _value(key, fact):
                unit = key.split(".")[1] if key.startswith("unit.") else ""
                (self._by_unit.setdefault(unit, []) if unit else self._plain).append((key, fact, worth))

    def candidates(self, sentence: str) -> list[_Candidate]:
        """The figures that a sentence may speak of, with how well its words fit (0: not at all)."""
        said = sentence.lower()
        units = {key for key, name in self._names.items() if name in said}
        every = self._plain + [one for unit in sorted(units) for one in self._by_unit.get(unit, ())]
        fits = ((key, _fit(key, fact, said, units), worth) for key, fact, worth in every)
        return [_Candidate(key, worth[1], worth[0], fit) for key, fit, worth in fits if fit is not None]


def match_number(number: TypedNumber, sentence: str, among: Iterable[_Candidate]) -> NumberMatch:
    """What `number` is among the figures that its sentence may speak of."""
    hedge = _hedge(sentence, number)
    same: list[tuple] = []
    like: list[tuple] = []
    for one in among:
        if one.kind != number.kind or (number.kind == COUNT and not _counts_alike(one.key, number)):
            continue
        rank = (-one.fit, abs(one.value - number.value), one.key)
        if _equal(number, one.value) or _is_hedged(number.value, one.value, number.kind, hedge):
            if one.fit or (number.kind == COUNT and one.value >= _LARGE):
                same.append(rank)
        elif _near(number, one):
            like.append(rank)
    if same:
        return NumberMatch(SAME, min(same)[-1])
    return NumberMatch(LOOKS_LIKE, min(like)[-1]) if like else NumberMatch(UNSOURCED)


def _fit(key: str, fact: Fact, said: str, units: set[str]) -> int | None:
    """How well a sentence speaks of a figure: None where it cannot, 0 where nothing tells, more is better."""
    side, _, rest = key.partition(".")
    if side in ("now", "before", "change", "growth"):
        scope, _, what = rest.partition(".")
        words = any(word in said for word in WORDS.get(what.rpartition(".")[2], ("\0",)))
        then = any(word in said for word in _BEFORE)
        if side == "before" and not then:
            return None
        return _scoped(scope, said) * 2 + 1 + (side == "before") if words else 0
    if side == "unit":
        code, _, what = rest.partition(".")
        words = any(word in said for word in WORDS.get(what.rpartition(".")[2], ("\0",)))
        return (6 if words else 0) if code in units else None
    if side in ("target", "gap"):
        told = "chỉ tiêu" in said and any(word in said for word in WORDS.get(rest.partition(".")[0], ()))
        return 2 if told else None
    if side == "indicator":
        name = fact.name.rpartition(": ")[2].lower()
        return 5 if _overlap(name, said) else None
    return 1 if side in ("missing", "tasks") and _overlap(fact.name.lower(), said) else None


def _scoped(scope: str, said: str) -> int:
    """2 where a sentence names the tier (or the whole), 0 where it names another, 1 where it names none."""
    named = {tier for tier, words in TIERS.items() if any(word in said for word in words)}
    if scope in TIERS:
        return 2 if scope in named else 0 if named else 1
    return 2 if any(word in said for word in _WHOLE) else 0 if named else 1


def _overlap(name: str, said: str) -> bool:
    """Whether at least three in five words of a name stand in a sentence."""
    words = [word.strip(",.;:") for word in name.split()]
    there = set(said.replace(",", " ").replace(".", " ").replace(";", " ").split())
    return bool(words) and 5 * sum(word in there for word in words) >= 3 * len(words)


def _value(key: str, fact: Fact) -> tuple[str, Decimal] | None:
    """Kind and value of a fact; None for what is no number."""
    if fact.value is None:
        return None
    if isinstance(fact.value, int):
        return COUNT, Decimal(fact.value)
    if key.startswith(_WORDED) or key.endswith((".change", ".gap")):
        found = find_numbers(fact.text, begins=False)
        return (found[0].kind, found[0].value) if len(found) == 1 else None
    try:
        return PERCENT, Decimal(fact.value)
    except InvalidOperation:
        return None


def _counts_alike(key: str, number: TypedNumber) -> bool:
    """Whether a number may count what a figure counts: dossiers are not people."""
    dossiers = key.startswith(("now.", "before.", "unit."))
    return not number.noun or dossiers == number.noun.startswith(_OF_DOSSIERS)


def _equal(number: TypedNumber, known: Decimal) -> bool:
    """Whether a number is a figure; "6,3 điểm" without a word for the direction is a rise as well as a fall."""
    return number.value == known or (number.text[:1].isdigit() and number.value == abs(known))


def _near(number: TypedNumber, one: _Candidate) -> bool:
    """Whether a number may be meant as a figure that it is not: a slip of the hand, or one of another day."""
    mine, known = abs(number.value), abs(one.value)
    if number.kind in (COUNT, MORE):
        slip = _one_slip(str(mine), str(known))
        if not one.fit:
            return slip and min(mine, known) >= _LARGE
        return known >= _SMALL and (slip or abs(mine - known) * 20 <= known)
    if not one.fit:
        return False
    far = 2 if number.kind == PERCENT else 1
    return abs(mine - known) <= far or (_one_slip(str(mine), str(known)) and known >= 10)


def _one_slip(one: str, other: str) -> bool:
    """Whether two numbers differ by one slip of the hand: a digit wrong, left out, doubled, or two swapped."""
    one, other = one.replace(".", ""), other.replace(".", "")
    if one == other or abs(len(one) - len(other)) > 1 or max(len(one), len(other)) < 3:
        return False
    if len(one) != len(other):
        short, long = sorted((one, other), key=len)
        return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    wrong = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(wrong) == 1:
        return True
    if len(wrong) != 2 or wrong[1] != wrong[0] + 1:
        return False
    first, second = wrong
    return one[first] == other[second] and one[second] == other[first]


def _hedge(sentence: str, number: TypedNumber) -> str | None:
    before = sentence[max(0, number.start - _BEFORE_NUMBER) : number.start].rstrip().lower()
    return next((side for word, side in _HEDGES.items() if before.endswith(word)), None)


def _is_hedged(mine: Decimal, known: Decimal, kind: str, hedge: str | None) -> bool:
    """Whether "hơn 460" or "gần 50%" may be said of a figure: on the right side and not far."""
    if hedge is None or (hedge == "<" and mine > known) or (hedge == ">" and mine < known):
        return False
    far = abs(mine - known)
    return far * 20 <= known if kind == COUNT else far <= 1
