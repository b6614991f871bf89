"""Parses phrases (text with figures and conditions), chooses them by known figures and renders them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from .bound_text import KEY, Paragraph, TextRun
from .facts import Fact
from .typed_numbers import find_numbers, number_value

# ``{now.commune.received}`` quotes a fact; ``*`` in a key is the tier or
# indicator that the phrase is said of, ``{*}`` its name and ``{đơn vị tính}`` what an indicator counts; ``{đơn
# vị}``, ``{kỳ}``, ``{cùng kỳ}``, ``{kỳ tới}``, ``{mức độ}`` are words of the review. ``[…]`` is left out where
# a figure in it is unknown, ``[now.*.resolved_late > 0 ? …]`` where its condition does not hold. A phrase that
# quotes an unknown figure outside of brackets is not said: no figure, no claim.
#
# Conditions: ``key có``, ``key không có`` and comparisons (> >= < <= = !=) of a key with a number or another
# key, joined by ``và``. A comparison with something unknown does not hold. Written wrongly, a phrase is refused
# with the place.

STAR = "*"
# Words of the review that a phrase may name.
REVIEW_WORDS = ("đơn vị", "kỳ", "cùng kỳ", "kỳ tới", "mức độ", "đơn vị tính")
_KEY = re.compile(KEY.replace("[", "[*", 1))
_COMPARED = re.compile(r"(?P<left>\S+)\s*(?P<sign>>=|<=|!=|≥|≤|≠|=|>|<)\s*(?P<right>\S+)")
_KNOWN = re.compile(r"(?P<key>\S+)\s+(?P<no>không\s+)?có")
# The space after the question mark is no part of the text.
_ASKED = re.compile(r"([^\[\]{}?]*)\? ?")
_SIGNS = {"≥": ">=", "≤": "<=", "≠": "!="}
NUMBER = re.compile(r"-?\d[\d.,]*")


class PhraseError(ValueError):
    """What is wrong with a phrase, in Vietnamese, and where: `at` is the first wrong character, from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"Ký tự {at + 1}: {message}")
        self.at = at


@dataclass(frozen=True)
class Clause:
    """A comparison, or with sign "có" or "không có" whether a figure is known."""

    left: str
    sign: str
    right: str = ""


@dataclass(frozen=True)
class LiteralText:
    """Words as they are."""

    text: str


@dataclass(frozen=True)
class FactReference:
    """A figure, the name of what the phrase is said of (STAR), or a word of the review."""

    key: str


@dataclass(frozen=True)
class OptionalPart:
    """A part that is left out where its conditions do not hold or a figure in it is unknown."""

    parts: tuple["PhrasePart", ...]
    conditions: tuple[Clause, ...] = ()


PhrasePart = LiteralText | FactReference | OptionalPart


def parse_phrase(text: str) -> tuple[PhrasePart, ...]:
    """The parts of a text. Raises PhraseError."""
    parts, at = _parse(text, 0, None)
    if at < len(text):
        raise PhraseError("dấu “]” không có dấu “[” ở trước.", at)
    return parts


def parse_conditions(text: str, offset: int = 0) -> tuple[Clause, ...]:
    """The clauses of a condition; none of an empty one. Raises PhraseError; `offset` is added to its place."""
    if not text.strip():
        return ()
    found, at = [], 0
    for part in re.split(r"(\s+và\s+|\n)", text):
        if part.strip() and part.strip() != "và":
            found.append(_clause(part, offset + at))
        at += len(part)
    return tuple(found)


def check_phrase(text: str, is_name: Callable[[str], bool]) -> tuple[PhrasePart, ...]:
    """Parse a text whose every figure must have a name that can be one. Raises PhraseError with the place."""
    parts = parse_phrase(text)
    _check(phrase_keys(parts), text, is_name)
    return parts


def check_conditions(text: str, is_name: Callable[[str], bool]) -> tuple[Clause, ...]:
    """The same of a condition."""
    clauses = parse_conditions(text)
    _check(condition_keys(clauses), text, is_name)
    return clauses


def _check(names: Iterable[str], text: str, is_name: Callable[[str], bool]) -> None:
    for key in names:
        if not is_name(key):
            found = re.search(rf"(?<![\w.*:@-]){re.escape(key)}(?![\w*:@-])", text)
            raise PhraseError(f"không có số liệu nào tên “{key[:60]}”.", found.start() if found else 0)


def phrase_keys(parts: tuple[PhrasePart, ...]) -> list[str]:
    """The figures that a text quotes or asks about, each once, in order."""
    found: list[str] = []
    for part in parts:
        if isinstance(part, FactReference) and part.key not in (STAR, *REVIEW_WORDS):
            found.append(part.key)
        elif isinstance(part, OptionalPart):
            found += [*condition_keys(part.conditions), *phrase_keys(part.parts)]
    return list(dict.fromkeys(found))


def condition_keys(clauses: tuple[Clause, ...]) -> list[str]:
    """The figures that conditions ask about."""
    sides = [side for clause in clauses for side in (clause.left, clause.right)]
    return [side for side in sides if side and not NUMBER.fullmatch(side)]


def _parse(text: str, at: int, opened: int | None) -> tuple[tuple[PhrasePart, ...], int]:
    """The parts from a place to the end or, inside a bracket that `opened` at a place, to its end."""
    parts: list[PhrasePart] = []
    start = at
    while at < len(text):
        sign = text[at]
        if sign in "{}[]" and text[start:at]:
            parts.append(LiteralText(text[start:at]))
        if sign == "{":
            key, at = _quoted(text, at)
            parts.append(FactReference(key))
        elif sign == "[":
            part, at = _optional(text, at)
            parts.append(part)
        elif sign == "]":
            return tuple(parts), at
        elif sign == "}":
            raise PhraseError("dấu “}” không có dấu “{” ở trước.", at)
        else:
            at += 1
            continue
        start = at
    if opened is not None:
        raise PhraseError("dấu “[” chưa có dấu “]” đóng lại.", opened)
    if text[start:]:
        parts.append(LiteralText(text[start:]))
    return tuple(parts), at


def _quoted(text: str, at: int) -> tuple[str, int]:
    end = text.find("}", at)
    if end < 0:
        raise PhraseError("dấu “{” chưa có dấu “}” đóng lại.", at)
    key = text[at + 1 : end].strip()
    if key not in (STAR, *REVIEW_WORDS) and not _KEY.fullmatch(key):
        raise PhraseError(f"“{key[:60]}” không phải tên số liệu.", at + 1)
    return key, end + 1


def _optional(text: str, at: int) -> tuple[OptionalPart, int]:
    """A bracket; what stands before its first "?" is a condition where it looks like one."""
    asked = _ASKED.match(text, at + 1)
    clauses = parse_conditions(asked[1], at + 1) if asked else ()
    parts, end = _parse(text, asked.end() if asked else at + 1, at)
    if not parts:
        raise PhraseError("trong ngoặc vuông không có gì.", at)
    return OptionalPart(parts, clauses), end + 1


def _clause(text: str, at: int) -> Clause:
    at += len(text) - len(text.lstrip())
    bare = text.strip()
    if found := _KNOWN.fullmatch(bare):
        return Clause(_side(found["key"], at), "không có" if found["no"] else "có")
    if found := _COMPARED.fullmatch(bare):
        right = _right(found["right"], at + found.start("right"))
        return Clause(_side(found["left"], at), _SIGNS.get(found["sign"], found["sign"]), right)
    raise PhraseError(f"“{bare[:60]}” không phải điều kiện. Viết như “now.total.received > 0”.", at)


def _right(text: str, at: int) -> str:
    """A number, or another figure."""
    if not NUMBER.fullmatch(text):
        return _side(text, at)
    try:
        number_value(text)
    except InvalidOperation:
        raise PhraseError(f"“{text[:60]}” không phải số.", at) from None
    return text


def _side(key: str, at: int) -> str:
    if not _KEY.fullmatch(key):
        raise PhraseError(f"“{key[:60]}” không phải tên số liệu.", at)
    return key


@dataclass(frozen=True)
class PhraseSubject:
    """What a phrase is said of: a tier, an indicator, or nothing (star ""). `words` are its own {words}."""

    star: str = ""
    name: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Phrase:
    """A sentence that may be said. Of those of one `slot` the first that can be is said, of each that `of` names: ""
    once, "tier" each tier, "scope" each tier and the whole, "indicator:GROUP" each indicator of a group; who says the
    phrases may know more. With `begins_paragraph` the first sentence of the slot begins one. With `joined` what is
    said of several is one sentence with that between and a full stop after it.
    """

    section: str
    slot: str
    parts: tuple[PhrasePart, ...]
    conditions: tuple[Clause, ...] = ()
    of: str = ""
    begins_paragraph: bool = False
    joined: str = ""


NO_SUBJECT = (PhraseSubject(),)
# Rises, falls and gaps that are none.
_LEVEL = ("không đổi", "đạt chỉ tiêu")


def render_sections(
    phrases: Iterable[Phrase],
    facts: Mapping[str, Fact],
    said: Mapping[str, Sequence[PhraseSubject]],
    words: Mapping[str, str],
) -> dict[str, list[Paragraph]]:
    """The paragraphs of each section. `said`: what each `of` names; phrases in their order."""
    found: dict[str, list[list[TextRun]]] = {}
    for (section, _), choices in _slots(phrases).items():
        paragraphs = found.setdefault(section, [])
        for place, (phrase, runs) in enumerate(choose_phrases(choices, facts, said, words)):
            if (phrase.begins_paragraph and place == 0) or not paragraphs:
                paragraphs.append(list(runs))
            else:
                paragraphs[-1] += [TextRun(" "), *runs]
    return {section: [tuple(paragraph) for paragraph in paragraphs] for section, paragraphs in found.items()}


def render_sentences(
    phrases: Iterable[Phrase],
    facts: Mapping[str, Fact],
    said: Mapping[str, Sequence[PhraseSubject]],
    words: Mapping[str, str],
) -> list[Paragraph]:
    """What the phrases say, each sentence by itself; phrases in their order."""
    slots = _slots(phrases).values()
    return [runs for choices in slots for _, runs in choose_phrases(choices, facts, said, words)]


def choose_phrases(
    choices: Sequence[Phrase],
    facts: Mapping[str, Fact],
    said: Mapping[str, Sequence[PhraseSubject]],
    words: Mapping[str, str],
) -> Iterator[tuple[Phrase, tuple[TextRun, ...]]]:
    """Of one slot, for each that it is said of, the first phrase that can be said of it; last the joined ones."""
    by_star: dict[str, tuple[PhraseSubject, list[Phrase]]] = {}
    for phrase in choices:
        for one in said.get(phrase.of, ()) if phrase.of else NO_SUBJECT:
            by_star.setdefault(one.star, (one, []))[1].append(phrase)
    together: list[tuple[Phrase, tuple[TextRun, ...]]] = []
    for one, possible in by_star.values():
        for phrase in possible:
            holds, begins = conditions_hold(phrase.conditions, facts, one), not (phrase.joined and together)
            if holds and (runs := render_phrase(phrase.parts, facts, one, words, begins=begins)):
                if phrase.joined:
                    together.append((phrase, runs))
                else:
                    yield phrase, runs
                break
    if together:
        yield together[0][0], _joined(together)


def conditions_hold(clauses: tuple[Clause, ...], facts: Mapping[str, Fact], said: PhraseSubject) -> bool:
    """Whether all conditions hold."""
    return all(_clause_holds(clause, facts, said) for clause in clauses)


def render_phrase(
    parts: tuple[PhrasePart, ...],
    facts: Mapping[str, Fact],
    said: PhraseSubject,
    words: Mapping[str, str],
    *,
    begins: bool = True,
) -> tuple[TextRun, ...]:
    """The sentence with its figures, its first letter a capital where it begins one; nothing where a figure outside
    of brackets is unknown.
    """
    runs = _render_parts(parts, facts, said, words)
    if runs is None:
        return ()
    for place, run in enumerate(runs):
        if run.text.strip():
            if not run.key:
                bare = run.text.lstrip()
                runs[place] = TextRun(bare[:1].upper() + bare[1:] if begins else bare)
            return tuple(runs)
    return ()


def _slots(phrases: Iterable[Phrase]) -> dict[tuple[str, str], list[Phrase]]:
    """The phrases of each slot, by section and slot."""
    found: dict[tuple[str, str], list[Phrase]] = {}
    for phrase in phrases:
        found.setdefault((phrase.section, phrase.slot), []).append(phrase)
    return found


def _joined(told: Sequence[tuple[Phrase, tuple[TextRun, ...]]]) -> tuple[TextRun, ...]:
    runs = list(told[0][1])
    for phrase, more in told[1:]:
        runs += [TextRun(phrase.joined), *more]
    return (*runs, TextRun("."))


def _clause_holds(one: Clause, facts: Mapping[str, Fact], said: PhraseSubject) -> bool:
    left = facts.get(_starred(one.left, said))
    if one.sign in ("có", "không có"):
        return (left is not None and left.value is not None) == (one.sign == "có")
    mine = _number(left)
    other = (
        number_value(one.right)
        if NUMBER.fullmatch(one.right)
        else _number(facts.get(_starred(one.right, said)))
    )
    if mine is None or other is None:
        return False
    return {
        ">": mine > other,
        ">=": mine >= other,
        "<": mine < other,
        "<=": mine <= other,
        "=": mine == other,
        "!=": mine != other,
    }[one.sign]


def _number(fact: Fact | None) -> Decimal | None:
    """The value of a fact to be compared, as it is printed; a rise or fall has its sign."""
    if fact is None or fact.value is None:
        return None
    if isinstance(fact.value, int):
        return Decimal(fact.value)
    if re.fullmatch(r"-?\d+(?:\.\d+)?", fact.value):
        return Decimal(fact.value)
    if fact.text in _LEVEL:
        return Decimal(0)
    found = find_numbers(fact.text, begins=False)
    return found[0].value if len(found) == 1 else None


def _render_parts(
    parts: tuple[PhrasePart, ...], facts: Mapping[str, Fact], said: PhraseSubject, words: Mapping[str, str]
) -> list[TextRun] | None:
    """The runs of some parts; None where a figure that they quote is unknown."""
    runs: list[TextRun] = []
    for part in parts:
        if isinstance(part, LiteralText):
            runs.append(TextRun(part.text))
        elif isinstance(part, OptionalPart):
            runs += (
                conditions_hold(part.conditions, facts, said)
                and _render_parts(part.parts, facts, said, words)
            ) or []
        elif part.key == STAR or part.key in REVIEW_WORDS:
            given = {STAR: said.name, **words, **said.words}
            runs.append(TextRun(given.get(part.key, "")))
        else:
            key = _starred(part.key, said)
            fact = facts.get(key)
            if fact is None or fact.value is None:
                return None
            runs.append(TextRun(fact.text, key))
    return runs


def _starred(key: str, said: PhraseSubject) -> str:
    return key.replace(STAR, said.star)
