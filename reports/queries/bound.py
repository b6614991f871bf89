"""The figures in a review's text against what is known: bound, stale with old and new value, typed by hand."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from figures import bound
from figures.bound import Run
from figures.likeness import LOOKS_LIKE, SAME, UNSOURCED

# Answered from a document alone (reports.queries.document): its facts are those of now, its runs hold what was
# accepted last, and ``typed`` what reports.queries.typed found. For a page: ``states(doc)``; what was found is
# accepted by reports.actions.accept_figures.

BOUND, STALE, LOST = "bound", "stale", "lost"
# Of a number that somebody typed: it is a known figure, looks like one and differs, or has no source.
TYPED = (SAME, LOOKS_LIKE, UNSOURCED)


@dataclass(frozen=True)
class Figure:
    """A piece of a sentence. `state`: "" for words; with a key BOUND, STALE (`new` is what is known now) or LOST (its
    fact is none any more); of typed numbers SAME, LOOKS_LIKE (`key`: of which figure, `new`: how that is written) or
    UNSOURCED, with `at`, where it begins in its paragraph. `name`, `source`, `formula` tell where a figure comes from.
    """

    text: str
    key: str = ""
    state: str = ""
    new: str = ""
    name: str = ""
    source: str = ""
    formula: str = ""
    at: int = 0


@dataclass(frozen=True)
class Sentence:
    """A sentence of the text. It is named by the order of its section (from 1), its paragraph and its place there
    (from 0): what the action that accepts it takes.
    """

    section: int
    paragraph: int
    place: int
    figures: tuple[Figure, ...]

    @property
    def name(self) -> str:
        """How a form names it: "2.0.1"."""
        return f"{self.section}.{self.paragraph}.{self.place}"

    @property
    def stale(self) -> list[Figure]:
        """The figures in it that are other ones now."""
        return [one for one in self.figures if one.state == STALE]

    @property
    def text(self) -> str:
        return "".join(one.text for one in self.figures)


@dataclass(frozen=True)
class Marked:
    """A figure to be seen to, with where it stands. `name` is what a form sends: "2.0.34" for section, paragraph and
    first character of a number typed in a section, "" where nothing can be bound.
    """

    figure: Figure
    where: str
    section: int
    name: str = ""


@dataclass(frozen=True)
class States:
    """All that is known of the figures of a text. `sections` as by_section; the lists are what a reader sees to."""

    sections: tuple[list[list[Sentence]], ...]
    stale: tuple[Sentence, ...]
    lost: tuple[Marked, ...]
    same: tuple[Marked, ...]
    looks_like: tuple[Marked, ...]
    unsourced: tuple[Marked, ...]


def states(doc: dict[str, Any]) -> States:
    """The state of every figure in the text of a document; a document without ``typed`` marks no typed number."""
    sections = by_section(doc)
    every = [one for section in sections for paragraph in section for one in paragraph]
    typed = [_marked(one, doc.get("facts", {})) for one in doc.get("typed", ())]
    lost = [
        Marked(figure, doc["sections"][one.section - 1]["heading"], one.section)
        for one in every
        for figure in one.figures
        if figure.state == LOST
    ]
    by_state = {state: tuple(one for one in typed if one.figure.state == state) for state in TYPED}
    return States(
        tuple(sections),
        tuple(one for one in every if one.stale),
        tuple(lost),
        by_state[SAME],
        by_state[LOOKS_LIKE],
        by_state[UNSOURCED],
    )


def sentences(doc: dict[str, Any]) -> list[Sentence]:
    """All sentences of the sections, in order."""
    return [one for section in by_section(doc) for paragraph in section for one in paragraph]


def by_section(doc: dict[str, Any]) -> list[list[list[Sentence]]]:
    """Section by section, paragraph by paragraph, the sentences: for a page that draws the text with its marks."""
    known = doc.get("facts", {})
    typed: dict[tuple[int, int], list[Figure]] = {}
    for one in doc.get("typed", ()):
        typed.setdefault((one["section"], one["paragraph"]), []).append(_typed(one, known))
    return [
        [
            list(_sentences(order, place, bound.from_data(data), known, typed.get((order, place), ())))
            for place, data in enumerate(one["paragraphs"])
        ]
        for order, one in enumerate(doc["sections"], 1)
    ]


def _sentences(
    order: int, paragraph: int, runs: bound.Paragraph, known: dict[str, Any], typed: Sequence[Figure]
) -> Iterator[Sentence]:
    at = 0
    for place, one in enumerate(bound.sentences(runs)):
        figures: list[Figure] = []
        for run in one:
            end = at + len(run.text)
            first, last = (bisect_left(typed, edge, key=_place) for edge in (at, end))
            figures += [_figure(run, known)] if run.key else _cut(run.text, at, typed[first:last])
            at = end
        yield Sentence(order, paragraph, place, tuple(figures))


def _place(number: Figure) -> int:
    return number.at


def _cut(words: str, at: int, typed: Sequence[Figure]) -> Iterator[Figure]:
    """Words that begin at a place of their paragraph, with the numbers in them as figures of their own."""
    done = 0
    for one in typed:
        if words[done : one.at - at]:
            yield Figure(words[done : one.at - at])
        yield one
        done = one.at - at + len(one.text)
    if words[done:]:
        yield Figure(words[done:])


def _figure(run: Run, known: dict[str, Any]) -> Figure:
    fact = known.get(run.key)
    if fact is None:
        return Figure(run.text, run.key, LOST)
    state = BOUND if fact["text"] == run.text else STALE
    return _about(Figure(run.text, run.key, state, fact["text"]), fact)


def _typed(one: dict[str, Any], known: dict[str, Any]) -> Figure:
    figure = Figure(one["text"], one.get("key", ""), one["state"], one.get("known", ""), at=one["at"])
    return _about(figure, known[figure.key]) if figure.key in known else figure


def _about(figure: Figure, fact: dict[str, Any]) -> Figure:
    return replace(figure, name=fact["name"], source=fact["source"], formula=fact["formula"])


def _marked(one: dict[str, Any], known: dict[str, Any]) -> Marked:
    # A rise or fall is bound with its words; a bare number cannot take their place.
    alike = one["text"][:1].isdigit() == one.get("known", "")[:1].isdigit()
    in_text = bool(one["section"] and one.get("key") and alike)
    name = f"{one['section']}.{one['paragraph']}.{one['at']}" if in_text else ""
    return Marked(_typed(one, known), one["where"], one["section"], name)
