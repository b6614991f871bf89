"""The figures in a review's text against what is known: which sentences are stale, and with which old and new value.

Answered from a document alone (reports.queries.document): its facts are those of now, its runs hold what was accepted
last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from figures import bound
from figures.bound import Run


@dataclass(frozen=True)
class Figure:
    """A piece of a sentence. `state`: "" for words, fresh, stale (`new` is what is known now), lost (its fact is none
    any more). `name`, `source`, `formula` tell where a figure comes from.
    """

    text: str
    key: str = ""
    state: str = ""
    new: str = ""
    name: str = ""
    source: str = ""
    formula: str = ""


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
    def stale(self) -> list[Figure]:
        """The figures in it that are other ones now."""
        return [one for one in self.figures if one.state == "stale"]

    @property
    def text(self) -> str:
        return "".join(one.text for one in self.figures)

    @property
    def accepted(self) -> str:
        """The sentence as it reads once it is accepted."""
        return "".join(one.new if one.state == "stale" else one.text for one in self.figures)


def sentences(doc: dict[str, Any]) -> list[Sentence]:
    """All sentences of the sections, in order."""
    return [one for section in by_section(doc) for paragraph in section for one in paragraph]


def by_section(doc: dict[str, Any]) -> list[list[list[Sentence]]]:
    """Section by section, paragraph by paragraph, the sentences: for a page that draws the text with its marks."""
    known = doc.get("facts", {})
    return [
        [
            list(_sentences(order, place, bound.from_data(data), known))
            for place, data in enumerate(one["paragraphs"])
        ]
        for order, one in enumerate(doc["sections"], 1)
    ]


def stale(doc: dict[str, Any]) -> list[Sentence]:
    """The sentences that state a figure which is another one now."""
    return [one for one in sentences(doc) if one.stale]


def _sentences(
    order: int, paragraph: int, runs: bound.Paragraph, known: dict[str, Any]
) -> Iterator[Sentence]:
    for place, one in enumerate(bound.sentences(runs)):
        yield Sentence(order, paragraph, place, tuple(_figure(run, known) for run in one))


def _figure(run: Run, known: dict[str, Any]) -> Figure:
    if not run.key:
        return Figure(run.text)
    fact = known.get(run.key)
    if fact is None:
        return Figure(run.text, run.key, "lost")
    state = "fresh" if fact["text"] == run.text else "stale"
    return Figure(run.text, run.key, state, fact["text"], fact["name"], fact["source"], fact["formula"])
