"""Chooses and renders phrases from known figures, deterministically."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from .bound_text import Paragraph, TextRun
from .facts import Fact
from .phrase_syntax import NUMBER, REVIEW_WORDS, STAR, Clause, LiteralText, OptionalPart, PhrasePart
from .typed_numbers import find_numbers, number_value


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
    return {section: [tuple(one) for one in paragraphs] for section, paragraphs in found.items()}


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
    return all(_clause_holds(one, facts, said) for one in clauses)


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
