"""The text of a review as its page shows it, with every figure marked and linked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from reports.document import document, text_figures
from reports.review_text import number_matching


@dataclass(frozen=True)
class MarkedPiece:
    """A piece of a sentence; a figure has a number on the page, and a link where units stand behind it."""

    figure: text_figures.TextFigure
    number: int = 0
    link: str = ""


@dataclass(frozen=True)
class MarkedSentence:
    """A sentence with what is drawn of it; `anchor` is its address on the page."""

    sentence: text_figures.TextSentence
    pieces: tuple[MarkedPiece, ...]

    @property
    def anchor(self) -> str:
        return "cau-" + self.sentence.name.replace(".", "-")


@dataclass(frozen=True)
class FigureMark:
    """A figure to be seen to: `number` of its place on the page (0 outside the sections), `accept` what a form sends to
    bind it, where it can be.
    """

    marked: text_figures.FigureToCheck
    number: int
    accept: str = ""


@dataclass(frozen=True)
class MarkedText:
    """The text of a document, section by section and paragraph by paragraph, and what is to be seen to in it."""

    sections: list[list[list[MarkedSentence]]]
    stale: list[MarkedSentence] = field(default_factory=list)
    lost: list[FigureMark] = field(default_factory=list)
    looks_like: list[FigureMark] = field(default_factory=list)
    unsourced: list[FigureMark] = field(default_factory=list)
    same: list[FigureMark] = field(default_factory=list)

    @property
    def points(self) -> int:
        """How many figures and sentences want to be seen before signing; a typed number that is right is none."""
        return sum(len(ones) for ones in (self.stale, self.lost, self.looks_like, self.unsourced))


def mark_text(doc: dict[str, Any]) -> MarkedText:
    """The text of a document with all its marks."""
    now = text_figures.text_figures(doc)
    known = document.document_facts(doc) if doc.get("facts") else {}
    links = {key: fact.link for key, fact in known.items()}
    numbers = count(1)
    sections = [
        [[_sentence(one, links, numbers) for one in paragraph] for paragraph in section]
        for section in now.sections
    ]
    every = [one for section in sections for paragraph in section for one in paragraph]
    places: dict[str, list[int]] = {}
    for piece in (piece for one in every for piece in one.pieces):
        places.setdefault(piece.figure.state, []).append(piece.number)
    return MarkedText(
        sections,
        [one for one in every if one.sentence.stale],
        _seen(now.lost, places.get(text_figures.LOST, [])),
        _seen(now.looks_like, places.get(number_matching.LOOKS_LIKE, [])),
        _seen(now.unsourced, places.get(number_matching.UNSOURCED, [])),
        _seen(now.same, places.get(number_matching.SAME, [])),
    )


def _sentence(
    one: text_figures.TextSentence, links: Mapping[str, str], numbers: Iterator[int]
) -> MarkedSentence:
    pieces = tuple(
        MarkedPiece(figure, next(numbers), links.get(figure.key, "")) if figure.state else MarkedPiece(figure)
        for figure in one.figures
    )
    return MarkedSentence(one, pieces)


def _seen(found: tuple[text_figures.FigureToCheck, ...], places: list[int]) -> list[FigureMark]:
    """Both stand in the order of the text; what stands outside the sections has no place on the page."""
    left = iter(places)
    return [
        FigureMark(one, next(left, 0) if one.section else 0, f"={one.name}" if one.name else "")
        for one in found
    ]
