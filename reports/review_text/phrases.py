"""Parses phrases (text with figures and conditions), selects them by the available facts and renders them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from .bound_text import KEY, Paragraph, TextRun
from .facts import Fact
from .typed_numbers import find_numbers, number_value

# ``{now.commune.received}`` quotes a fact; ``*`` in a key is the tier or
# indicator that is the subject of the phrase, ``{*}`` its name and ``{đơn vị tính}`` what an indicator counts; ``{đơn
# vị}``, ``{kỳ}``, ``{cùng kỳ}``, ``{kỳ tới}``, ``{mức độ}`` are words of the review. ``[…]`` is left out where
# a figure in it is unknown, ``[now.*.resolved_late > 0 ? …]`` where its condition does not hold. A phrase that
# quotes an unknown figure outside of brackets is skipped.
#
# Conditions: ``key có``, ``key không có`` and comparisons (> >= < <= = !=) of a key with a number or another
# key, joined by ``và``. A comparison with something unknown does not hold. A syntax error is
# reported with its place.

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
    clauses, at = [], 0
    for part in re.split(r"(\s+và\s+|\n)", text):
        if part.strip() and part.strip() != "và":
            clauses.append(_clause(part, offset + at))
        at += len(part)
    return tuple(clauses)


def check_phrase(text: str, is_name: Callable[[str], bool]) -> tuple[PhrasePart, ...]:
    """Parse a text whose every figure must have a name that can be one. Raises PhraseError with the place."""
    parts = parse_phrase(text)
    _check(phrase_keys(parts), text, is_name)
    return parts


def check_conditions(text: str, is_name: Callable[[str], bool]) -> tuple[Clause, ...]:
    """Like check_phrase, for a condition."""
    clauses = parse_conditions(text)
    _check(condition_keys(clauses), text, is_name)
    return clauses


def _check(names: Iterable[str], text: str, is_name: Callable[[str], bool]) -> None:
    for key in names:
        if not is_name(key):
            match = re.search(rf"(?<![\w.*:@-]){re.escape(key)}(?![\w*:@-])", text)
            raise PhraseError(f"không có số liệu nào tên “{key[:60]}”.", match.start() if match else 0)


def phrase_keys(parts: tuple[PhrasePart, ...]) -> list[str]:
    """The keys that a text quotes or tests, each once, in order."""
    keys: list[str] = []
    for part in parts:
        if isinstance(part, FactReference) and part.key not in (STAR, *REVIEW_WORDS):
            keys.append(part.key)
        elif isinstance(part, OptionalPart):
            keys += [*condition_keys(part.conditions), *phrase_keys(part.parts)]
    return list(dict.fromkeys(keys))


def condition_keys(clauses: tuple[Clause, ...]) -> list[str]:
    """The keys that conditions test."""
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
    match = _ASKED.match(text, at + 1)
    clauses = parse_conditions(match[1], at + 1) if match else ()
    parts, end = _parse(text, match.end() if match else at + 1, at)
    if not parts:
        raise PhraseError("trong ngoặc vuông không có gì.", at)
    return OptionalPart(parts, clauses), end + 1


def _clause(text: str, at: int) -> Clause:
    at += len(text) - len(text.lstrip())
    bare = text.strip()
    if match := _KNOWN.fullmatch(bare):
        return Clause(_side(match["key"], at), "không có" if match["no"] else "có")
    if match := _COMPARED.fullmatch(bare):
        right = _right(match["right"], at + match.start("right"))
        return Clause(_side(match["left"], at), _SIGNS.get(match["sign"], match["sign"]), right)
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
    """The subject of a phrase: a tier, an indicator, or nothing (star ""). `words` are its own {words}."""

    star: str = ""
    name: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Phrase:
    """A sentence template. In a `slot` the first phrase that can be rendered is used, for each subject of `of`: ""
    once, "tier" each tier, "scope" each tier and the total, "indicator:GROUP" each indicator of a group; callers may
    add more. `begins_paragraph`: the first sentence of the slot starts one. `joined`: the separator that makes one
    sentence of all subjects.
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
    subjects: Mapping[str, Sequence[PhraseSubject]],
    words: Mapping[str, str],
) -> dict[str, list[Paragraph]]:
    """The paragraphs of each section. `subjects`: `of` → its subjects; phrases in their order."""
    paragraphs_of: dict[str, list[list[TextRun]]] = {}
    for (section, _), choices in _slots(phrases).items():
        paragraphs = paragraphs_of.setdefault(section, [])
        for place, (phrase, runs) in enumerate(choose_phrases(choices, facts, subjects, words)):
            if (phrase.begins_paragraph and place == 0) or not paragraphs:
                paragraphs.append(list(runs))
            else:
                paragraphs[-1] += [TextRun(" "), *runs]
    return {
        section: [tuple(paragraph) for paragraph in paragraphs]
        for section, paragraphs in paragraphs_of.items()
    }


def render_sentences(
    phrases: Iterable[Phrase],
    facts: Mapping[str, Fact],
    subjects: Mapping[str, Sequence[PhraseSubject]],
    words: Mapping[str, str],
) -> list[Paragraph]:
    """Like render_sections, each sentence by itself."""
    slots = _slots(phrases).values()
    return [runs for choices in slots for _, runs in choose_phrases(choices, facts, subjects, words)]


def choose_phrases(
    choices: Sequence[Phrase],
    facts: Mapping[str, Fact],
    subjects: Mapping[str, Sequence[PhraseSubject]],
    words: Mapping[str, str],
) -> Iterator[tuple[Phrase, tuple[TextRun, ...]]]:
    """For each subject of one slot the first phrase that can be rendered; joined ones come last."""
    by_star: dict[str, tuple[PhraseSubject, list[Phrase]]] = {}
    for phrase in choices:
        for subject in subjects.get(phrase.of, ()) if phrase.of else NO_SUBJECT:
            by_star.setdefault(subject.star, (subject, []))[1].append(phrase)
    together: list[tuple[Phrase, tuple[TextRun, ...]]] = []
    for subject, possible in by_star.values():
        for phrase in possible:
            holds, begins = (
                conditions_hold(phrase.conditions, facts, subject),
                not (phrase.joined and together),
            )
            if holds and (runs := render_phrase(phrase.parts, facts, subject, words, begins=begins)):
                if phrase.joined:
                    together.append((phrase, runs))
                else:
                    yield phrase, runs
                break
    if together:
        yield together[0][0], _joined(together)


def conditions_hold(clauses: tuple[Clause, ...], facts: Mapping[str, Fact], subject: PhraseSubject) -> bool:
    """Whether all conditions hold."""
    return all(_clause_holds(clause, facts, subject) for clause in clauses)


def render_phrase(
    parts: tuple[PhrasePart, ...],
    facts: Mapping[str, Fact],
    subject: PhraseSubject,
    words: Mapping[str, str],
    *,
    begins: bool = True,
) -> tuple[TextRun, ...]:
    """The sentence with its figures, its first letter a capital where it begins one; nothing where a figure outside
    of brackets is unknown.
    """
    runs = _render_parts(parts, facts, subject, words)
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
    slots: dict[tuple[str, str], list[Phrase]] = {}
    for phrase in phrases:
        slots.setdefault((phrase.section, phrase.slot), []).append(phrase)
    return slots


def _joined(sentences: Sequence[tuple[Phrase, tuple[TextRun, ...]]]) -> tuple[TextRun, ...]:
    runs = list(sentences[0][1])
    for phrase, more in sentences[1:]:
        runs += [TextRun(phrase.joined), *more]
    return (*runs, TextRun("."))


def _clause_holds(clause: Clause, facts: Mapping[str, Fact], subject: PhraseSubject) -> bool:
    left = facts.get(_starred(clause.left, subject))
    if clause.sign in ("có", "không có"):
        return (left is not None and left.value is not None) == (clause.sign == "có")
    value = _number(left)
    other = (
        number_value(clause.right)
        if NUMBER.fullmatch(clause.right)
        else _number(facts.get(_starred(clause.right, subject)))
    )
    if value is None or other is None:
        return False
    return {
        ">": value > other,
        ">=": value >= other,
        "<": value < other,
        "<=": value <= other,
        "=": value == other,
        "!=": value != other,
    }[clause.sign]


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
    numbers = find_numbers(fact.text, begins=False)
    return numbers[0].value if len(numbers) == 1 else None


def _render_parts(
    parts: tuple[PhrasePart, ...], facts: Mapping[str, Fact], subject: PhraseSubject, words: Mapping[str, str]
) -> list[TextRun] | None:
    """The runs of some parts; None where a figure that they quote is unknown."""
    runs: list[TextRun] = []
    for part in parts:
        if isinstance(part, LiteralText):
            runs.append(TextRun(part.text))
        elif isinstance(part, OptionalPart):
            runs += (
                conditions_hold(part.conditions, facts, subject)
                and _render_parts(part.parts, facts, subject, words)
            ) or []
        elif part.key == STAR or part.key in REVIEW_WORDS:
            available = {STAR: subject.name, **words, **subject.words}
            runs.append(TextRun(available.get(part.key, "")))
        else:
            key = _starred(part.key, subject)
            fact = facts.get(key)
            if fact is None or fact.value is None:
                return None
            runs.append(TextRun(fact.text, key))
    return runs


def _starred(key: str, subject: PhraseSubject) -> str:
    return key.replace(STAR, subject.star)
