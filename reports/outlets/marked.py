"""The text of a review as its page draws it: sentence by sentence, each figure with a number of its own on the page
and the way back to the units behind it; and what of it is to be seen to before signing, each with its place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from reports.queries import bound, document


@dataclass(frozen=True)
class Shown:
    """A piece of a sentence; a figure has a number on the page, and a link where units stand behind it."""

    figure: bound.Figure
    number: int = 0
    link: str = ""


@dataclass(frozen=True)
class ShownSentence:
    """A sentence with what is drawn of it; `anchor` is its address on the page."""

    sentence: bound.Sentence
    pieces: tuple[Shown, ...]

    @property
    def anchor(self) -> str:
        return "cau-" + self.sentence.name.replace(".", "-")


@dataclass(frozen=True)
class Seen:
    """A figure to be seen to: `number` of its place on the page (0 outside the sections), `accept` what a form sends to
    bind it, where it can be.
    """

    marked: bound.Marked
    number: int
    accept: str = ""


@dataclass(frozen=True)
class Shape:
    """The text of a document, section by section and paragraph by paragraph, and what is to be seen to in it."""

    sections: list[list[list[ShownSentence]]]
    stale: list[ShownSentence] = field(default_factory=list)
    lost: list[Seen] = field(default_factory=list)
    looks_like: list[Seen] = field(default_factory=list)
    unsourced: list[Seen] = field(default_factory=list)
    same: list[Seen] = field(default_factory=list)

    @property
    def points(self) -> int:
        """How many figures and sentences want to be seen before signing; a typed number that is right is none."""
        return sum(len(ones) for ones in (self.stale, self.lost, self.looks_like, self.unsourced))


def shape(doc: dict[str, Any]) -> Shape:
    """The text of a document with all its marks."""
    now = bound.states(doc)
    known = document.known(doc) if doc.get("facts") else {}
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
    return Shape(
        sections,
        [one for one in every if one.sentence.stale],
        _seen(now.lost, places.get(bound.LOST, [])),
        _seen(now.looks_like, places.get(bound.LOOKS_LIKE, [])),
        _seen(now.unsourced, places.get(bound.UNSOURCED, [])),
        _seen(now.same, places.get(bound.SAME, [])),
    )


def _sentence(one: bound.Sentence, links: Mapping[str, str], numbers: Iterator[int]) -> ShownSentence:
    pieces = tuple(
        Shown(figure, next(numbers), links.get(figure.key, "")) if figure.state else Shown(figure)
        for figure in one.figures
    )
    return ShownSentence(one, pieces)


def _seen(found: tuple[bound.Marked, ...], places: list[int]) -> list[Seen]:
    """Both stand in the order of the text; what stands outside the sections has no place on the page."""
    left = iter(places)
    return [
        Seen(one, next(left, 0) if one.section else 0, f"={one.name}" if one.name else "") for one in found
    ]
