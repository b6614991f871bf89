"""The numbers of a review that somebody typed: which known figure each is, looks like, or that it has no source."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from figures import bound, likeness, typed
from figures.bound import Run
from figures.facts import Fact

# No text of an office holds more; beyond, a typed number is not compared and counts as one without a source.
MOST_COMPARED = 500


def of_sections(
    sections: Sequence[Mapping[str, Any]], known: Mapping[str, Fact], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The typed numbers of the text, as data of a document: ``section`` (from 1), ``paragraph`` and ``at`` (from 0, in
    characters of the paragraph as it is read), ``where`` in words, ``text``, ``state``, and of a
    known figure its ``key`` and how that is written, ``known``.
    """
    found: list[dict[str, Any]] = []
    index = likeness.Known(known, names)
    for order, one in enumerate(sections, 1):
        for place, data in enumerate(one["paragraphs"]):
            for at, number in _in_paragraph(bound.from_data(data), known, index, len(found)):
                told = {"section": order, "paragraph": place, "at": at, "where": one["heading"]}
                found.append(told | number)
    return found


def of_words(
    words: Iterable[tuple[str, str]], known: Mapping[str, Fact], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The same of pieces of text outside the sections, (where, text): their ``section`` is 0."""
    found: list[dict[str, Any]] = []
    index = likeness.Known(known, names)
    for where, text in words:
        for at, number in _in_paragraph((Run(text),), known, index, len(found)):
            found.append({"section": 0, "paragraph": 0, "at": at, "where": where} | number)
    return found


def _in_paragraph(
    runs: bound.Paragraph, known: Mapping[str, Fact], index: likeness.Known, before: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The numbers of a paragraph before which so many were found."""
    start = 0
    for sentence in bound.sentences(runs):
        whole, at = bound.plain_of(sentence), 0
        among = None
        for run in sentence:
            for number in () if run.key else typed.numbers(run.text, begins=start + at == 0):
                if among is None or before >= MOST_COMPARED:
                    among = index.candidates(whole) if before < MOST_COMPARED else []
                before += 1
                # The words before a number may stand in the run before it.
                moved = typed.moved(number, at)
                yield start + moved.start, _told(moved, likeness.likeness(moved, whole, among), known)
            at += len(run.text)
        start += at


def _told(number: typed.Number, like: likeness.Likeness, known: Mapping[str, Fact]) -> dict[str, Any]:
    told = {"text": number.text, "state": like.state}
    return told | {"key": like.key, "known": known[like.key].text} if like.key else told
