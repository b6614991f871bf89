"""Compares the figures in a review's text with its facts: bound, stale, lost, or typed by hand."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import bound_text, typed_numbers
from .bound_text import TextRun
from .facts import Fact
from .typed_numbers import LOOKS_LIKE, SAME, UNSOURCED

# Works on a document alone (reports.document): its facts are those of now, its runs hold the text accepted last.
# reports.drafting.actions.accept_figures accepts changes.

BOUND, STALE, LOST = "bound", "stale", "lost"
# A typed number equals a fact, looks like one but differs, or has no source.
TYPED = (SAME, LOOKS_LIKE, UNSOURCED)


@dataclass(frozen=True)
class TextFigure:
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
class TextSentence:
    """A sentence, identified by its section (from 1), paragraph and place in it (from 0)."""

    section: int
    paragraph: int
    place: int
    figures: tuple[TextFigure, ...]

    @property
    def name(self) -> str:
        """How a form names it: "2.0.1"."""
        return f"{self.section}.{self.paragraph}.{self.place}"

    @property
    def stale(self) -> list[TextFigure]:
        """Figures whose fact has changed."""
        return [figure for figure in self.figures if figure.state == STALE]

    @property
    def text(self) -> str:
        return "".join(figure.text for figure in self.figures)


@dataclass(frozen=True)
class FigureToCheck:
    """A figure for an editor to check, and its place. `name` is what a form sends: "2.0.34" for section, paragraph and
    first character of a number typed in a section, "" where nothing can be bound.
    """

    figure: TextFigure
    where: str
    section: int
    name: str = ""


@dataclass(frozen=True)
class TextFigures:
    """State of all figures of a text. `sections` as sentences_by_section; the tuples list what to check."""

    sections: tuple[list[list[TextSentence]], ...]
    stale: tuple[TextSentence, ...]
    lost: tuple[FigureToCheck, ...]
    same: tuple[FigureToCheck, ...]
    looks_like: tuple[FigureToCheck, ...]
    unsourced: tuple[FigureToCheck, ...]


def text_figures(doc: dict[str, Any]) -> TextFigures:
    """The state of every figure in the text of a document; a document without ``typed`` marks no typed number."""
    sections = sentences_by_section(doc)
    every = [sentence for section in sections for paragraph in section for sentence in paragraph]
    typed = [_marked(number, doc.get("facts", {})) for number in doc.get("typed", ())]
    lost = [
        FigureToCheck(figure, doc["sections"][sentence.section - 1]["heading"], sentence.section)
        for sentence in every
        for figure in sentence.figures
        if figure.state == LOST
    ]
    by_state = {state: tuple(number for number in typed if number.figure.state == state) for state in TYPED}
    return TextFigures(
        tuple(sections),
        tuple(sentence for sentence in every if sentence.stale),
        tuple(lost),
        by_state[SAME],
        by_state[LOOKS_LIKE],
        by_state[UNSOURCED],
    )


def sentences_by_section(doc: dict[str, Any]) -> list[list[list[TextSentence]]]:
    """Sentences by section and paragraph, for a page that marks the figures in the text."""
    facts = doc.get("facts", {})
    typed: dict[tuple[int, int], list[TextFigure]] = {}
    for number in doc.get("typed", ()):
        typed.setdefault((number["section"], number["paragraph"]), []).append(_typed(number, facts))
    return [
        [
            list(
                _sentences(
                    order, place, bound_text.paragraph_from_data(data), facts, typed.get((order, place), ())
                )
            )
            for place, data in enumerate(section["paragraphs"])
        ]
        for order, section in enumerate(doc["sections"], 1)
    ]


def _sentences(
    order: int, paragraph: int, runs: bound_text.Paragraph, facts: dict[str, Any], typed: Sequence[TextFigure]
) -> Iterator[TextSentence]:
    at = 0
    for place, sentence in enumerate(bound_text.split_sentences(runs)):
        figures: list[TextFigure] = []
        for run in sentence:
            end = at + len(run.text)
            first, last = (bisect_left(typed, edge, key=_place) for edge in (at, end))
            figures += [_figure(run, facts)] if run.key else _cut(run.text, at, typed[first:last])
            at = end
        yield TextSentence(order, paragraph, place, tuple(figures))


def _place(number: TextFigure) -> int:
    return number.at


def _cut(words: str, at: int, typed: Sequence[TextFigure]) -> Iterator[TextFigure]:
    """Splits words that begin at `at` in their paragraph around the typed numbers in them."""
    written = 0
    for number in typed:
        if words[written : number.at - at]:
            yield TextFigure(words[written : number.at - at])
        yield number
        written = number.at - at + len(number.text)
    if words[written:]:
        yield TextFigure(words[written:])


def _figure(run: TextRun, facts: dict[str, Any]) -> TextFigure:
    fact = facts.get(run.key)
    if fact is None:
        return TextFigure(run.text, run.key, LOST)
    state = BOUND if fact["text"] == run.text else STALE
    return _about(TextFigure(run.text, run.key, state, fact["text"]), fact)


def _typed(data: dict[str, Any], facts: dict[str, Any]) -> TextFigure:
    figure = TextFigure(
        data["text"], data.get("key", ""), data["state"], data.get("known", ""), at=data["at"]
    )
    return _about(figure, facts[figure.key]) if figure.key in facts else figure


def _about(figure: TextFigure, fact: dict[str, Any]) -> TextFigure:
    return replace(figure, name=fact["name"], source=fact["source"], formula=fact["formula"])


def _marked(number: dict[str, Any], facts: dict[str, Any]) -> FigureToCheck:
    # A rise or fall is bound with its words; a bare number cannot take their place.
    alike = number["text"][:1].isdigit() == number.get("known", "")[:1].isdigit()
    in_text = bool(number["section"] and number.get("key") and alike)
    name = f"{number['section']}.{number['paragraph']}.{number['at']}" if in_text else ""
    return FigureToCheck(_typed(number, facts), number["where"], number["section"], name)


# A limit no real review reaches; later typed numbers are not compared and count as unsourced.
MOST_COMPARED = 500


def typed_in_sections(
    sections: Sequence[Mapping[str, Any]], facts: Mapping[str, Fact], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The typed numbers of the text, as data of a document: ``section`` (from 1), ``paragraph`` and ``at`` (from 0, in
    characters of the paragraph as it is read), ``where`` in words, ``text``, ``state``, and of a
    known figure its ``key`` and how that is written, ``facts``.
    """
    typed: list[dict[str, Any]] = []
    index = typed_numbers.KnownNumbers(facts, names)
    for order, section in enumerate(sections, 1):
        for place, data in enumerate(section["paragraphs"]):
            for at, number in _in_paragraph(bound_text.paragraph_from_data(data), facts, index, len(typed)):
                where = {"section": order, "paragraph": place, "at": at, "where": section["heading"]}
                typed.append(where | number)
    return typed


def typed_in_words(
    words: Iterable[tuple[str, str]], facts: Mapping[str, Fact], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Like typed_in_sections, for (where, text) outside the sections; ``section`` is 0."""
    typed: list[dict[str, Any]] = []
    index = typed_numbers.KnownNumbers(facts, names)
    for where, text in words:
        for at, number in _in_paragraph((TextRun(text),), facts, index, len(typed)):
            typed.append({"section": 0, "paragraph": 0, "at": at, "where": where} | number)
    return typed


def _in_paragraph(
    runs: bound_text.Paragraph, facts: Mapping[str, Fact], index: typed_numbers.KnownNumbers, before: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(position, data) of the typed numbers of a paragraph; `before` counts those of earlier ones."""
    start = 0
    for sentence in bound_text.split_sentences(runs):
        whole, at = bound_text.paragraph_text(sentence), 0
        among = None
        for run in sentence:
            for number in () if run.key else typed_numbers.find_numbers(run.text, begins=start + at == 0):
                if among is None or before >= MOST_COMPARED:
                    among = index.candidates(whole) if before < MOST_COMPARED else []
                before += 1
                # The words before a number may stand in the run before it.
                moved = typed_numbers.shift_number(number, at)
                yield (
                    start + moved.start,
                    _number_data(moved, typed_numbers.match_number(moved, whole, among), facts),
                )
            at += len(run.text)
        start += at


def _number_data(
    number: typed_numbers.TypedNumber, match: typed_numbers.NumberMatch, facts: Mapping[str, Fact]
) -> dict[str, Any]:
    data = {"text": number.text, "state": match.state}
    return data | {"key": match.key, "known": facts[match.key].text} if match.key else data
