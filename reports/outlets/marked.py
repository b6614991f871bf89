"""The text of a review as its page draws it: sentence by sentence, each figure with a number of its own on the page
and the way back to the units behind it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
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
    """A sentence with what is drawn of it; `name` is its address on the page."""

    sentence: bound.Sentence
    pieces: tuple[Shown, ...]

    @property
    def name(self) -> str:
        return "cau-" + self.sentence.name.replace(".", "-")


def sections(doc: dict[str, Any]) -> list[list[list[ShownSentence]]]:
    """Section by section, paragraph by paragraph, its sentences."""
    known = document.known(doc) if doc.get("facts") else {}
    links = {key: fact.link for key, fact in known.items()}
    numbers = count(1)
    return [
        [[_sentence(one, links, numbers) for one in paragraph] for paragraph in section]
        for section in bound.by_section(doc)
    ]


def _sentence(one: bound.Sentence, links: dict[str, str], numbers: Iterator[int]) -> ShownSentence:
    pieces = tuple(
        Shown(figure, next(numbers), links.get(figure.key, "")) if figure.state else Shown(figure)
        for figure in one.figures
    )
    return ShownSentence(one, pieces)
