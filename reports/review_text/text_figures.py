"""The figures in a review's text against what is known: bound, stale, or typed by hand."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import bound_text, typed_numbers
from .bound_text import TextRun
from .facts import Fact
from .typed_numbers import LOOKS_LIKE, SAME, UNSOURCED

# Answered from a document alone (reports.document): its facts are those of now, its runs hold what was
# accepted last, and ``typed`` what this module found. For a page: ``states(doc)``; what was found is accepted by
# reports.drafting.actions.accept_figures.

BOUND, STALE, LOST = "bound", "stale", "lost"
# Of a number that somebody typed: it is a known figure, looks like one and differs, or has no source.
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
    """A sentence of the text. It is named by the order of its section (from 1), its paragraph and its place there
    (from 0): what the action that accepts it takes.
    """

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
        """The figures in it that are other ones now."""
        return [figure for figure in self.figures if figure.state == STALE]

    @property
    def text(self) -> str:
        return "".join(figure.text for figure in self.figures)


@dataclass(frozen=True)
class FigureToCheck:
    """A figure to be seen to, with where it stands. `name` is what a form sends: "2.0.34" for section, paragraph and
    first character of a number typed in a section, "" where nothing can be bound.
    """

    figure: TextFigure
    where: str
    section: int
    name: str = ""


@dataclass(frozen=True)
class TextFigures:
    """All that is known of the figures of a text. `sections` as by_section; the lists are what a reader sees to."""

    sections: tuple[list[list[TextSentence]], ...]
    stale: tuple[TextSentence, ...]
    lost: tuple[FigureToCheck, ...]
    same: tuple[FigureToCheck, ...]
    looks_like: tuple[FigureToCheck, ...]
    unsourced: tuple[FigureToCheck, ...]


def text_figures(doc: dict[str, Any]) -> TextFigures:
    """The state of every figure in the text of a document; a document without ``typed`` marks no typed number."""
    sections = sentences_by_section(doc)
    every = [one for section in sections for paragraph in section for one in paragraph]
    typed = [_marked(one, doc.get("facts", {})) for one in doc.get("typed", ())]
    lost = [
        FigureToCheck(figure, doc["sections"][one.section - 1]["heading"], one.section)
        for one in every
        for figure in one.figures
        if figure.state == LOST
    ]
    by_state = {state: tuple(one for one in typed if one.figure.state == state) for state in TYPED}
    return TextFigures(
        tuple(sections),
        tuple(one for one in every if one.stale),
        tuple(lost),
        by_state[SAME],
        by_state[LOOKS_LIKE],
        by_state[UNSOURCED],
    )


def sentences_by_section(doc: dict[str, Any]) -> list[list[list[TextSentence]]]:
    """Section by section, paragraph by paragraph, the sentences: for a page that draws the text with its marks."""
    known = doc.get("facts", {})
    typed: dict[tuple[int, int], list[TextFigure]] = {}
    for one in doc.get("typed", ()):
        typed.setdefault((one["section"], one["paragraph"]), []).append(_typed(one, known))
    return [
        [
            list(
                _sentences(
                    order, place, bound_text.paragraph_from_data(data), known, typed.get((order, place), ())
                )
            )
            for place, data in enumerate(one["paragraphs"])
        ]
        for order, one in enumerate(doc["sections"], 1)
    ]


def _sentences(
    order: int, paragraph: int, runs: bound_text.Paragraph, known: dict[str, Any], typed: Sequence[TextFigure]
) -> Iterator[TextSentence]:
    at = 0
    for place, one in enumerate(bound_text.split_sentences(runs)):
        figures: list[TextFigure] = []
        for run in one:
            end = at + len(run.text)
            first, last = (bisect_left(typed, edge, key=_place) for edge in (at, end))
            figures += [_figure(run, known)] if run.key else _cut(run.text, at, typed[first:last])
            at = end
        yield TextSentence(order, paragraph, place, tuple(figures))


def _place(number: TextFigure) -> int:
    return number.at


def _cut(words: str, at: int, typed: Sequence[TextFigure]) -> Iterator[TextFigure]:
    """Words that begin at a place of their paragraph, with the numbers in them as figures of their own."""
    done = 0
    for one in typed:
        if words[done : one.at - at]:
            yield TextFigure(words[done : one.at - at])
        yield one
        done = one.at - at + len(one.text)
    if words[done:]:
        yield TextFigure(words[done:])


def _figure(run: TextRun, known: dict[str, Any]) -> TextFigure:
    fact = known.get(run.key)
    if fact is None:
        return TextFigure(run.text, run.key, LOST)
    state = BOUND if fact["text"] == run.text else STALE
    return _about(TextFigure(run.text, run.key, state, fact["text"]), fact)


def _typed(one: dict[str, Any], known: dict[str, Any]) -> TextFigure:
    figure = TextFigure(one["text"], one.get("key", ""), one["state"], one.get("known", ""), at=one["at"])
    return _about(figure, known[figure.key]) if figure.key in known else figure


def _about(figure: TextFigure, fact: dict[str, Any]) -> TextFigure:
    return replace(figure, name=fact["name"], source=fact["source"], formula=fact["formula"])


def _marked(one: dict[str, Any], known: dict[str, Any]) -> FigureToCheck:
    # A rise or fall is bound with its words; a bare number cannot take their place.
    alike = one["text"][:1].isdigit() == one.get("known", "")[:1].isdigit()
    in_text = bool(one["section"] and one.get("key") and alike)
    name = f"{one['section']}.{one['paragraph']}.{one['at']}" if in_text else ""
    return FigureToCheck(_typed(one, known), one["where"], one["section"], name)


# No text of an office holds more; beyond, a typed number is not compared and counts as one without a source.
MOST_COMPARED = 500


def typed_in_sections(
    sections: Sequence[Mapping[str, Any]], known: Mapping[str, Fact], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The typed numbers of the text, as data of a document: ``section`` (from 1), ``paragraph`` and ``at`` (from 0, in
    characters of the paragraph as it is read), ``where`` in words, ``text``, ``state``, and of a
    known figure its ``key`` and how that is written, ``known``.
    """
    found: list[dict[str, Any]] = []
    index = typed_numbers.KnownNumbers(known, names)
    for order, one in enumerate(sections, 1):
        for place, data in enumerate(one["paragraphs"]):
            for at, number in _in_paragraph(bound_text.paragraph_from_data(data), known, index, len(found)):
                told = {"section": order, "paragraph": place, "at": at, "where": one["heading"]}
                found.append(told | number)
    return found


def typed_in_words(
    words: Iterable[tuple[str, str]], known: Mapping[str, Fact], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The same of pieces of text outside the sections, (where, text): their ``section`` is 0."""
    found: list[dict[str, Any]] = []
    index = typed_numbers.KnownNumbers(known, names)
    for where, text in words:
        for at, number in _in_paragraph((TextRun(text),), known, index, len(found)):
            found.append({"section": 0, "paragraph": 0, "at": at, "where": where} | number)
    return found


def _in_paragraph(
    runs: bound_text.Paragraph, known: Mapping[str, Fact], index: typed_numbers.KnownNumbers, before: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The numbers of a paragraph before which so many were found."""
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
                    _told(moved, typed_numbers.match_number(moved, whole, among), known),
                )
            at += len(run.text)
        start += at


def _told(
    number: typed_numbers.TypedNumber, like: typed_numbers.NumberMatch, known: Mapping[str, Fact]
) -> dict[str, Any]:
    told = {"text": number.text, "state": like.state}
    return told | {"key": like.key, "known": known[like.key].text} if like.key else told
