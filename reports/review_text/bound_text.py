"""Parses and writes the stored text of a review, in which figures are tokens bound to their facts."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

# Stored text holds a figure as ``[[key|text]]``: `key` names a fact (reports.review_text.facts), `text` is what was
# accepted last. A blank line separates paragraphs. A parsed paragraph is a tuple of runs; a run with a key is a
# figure.

KEY = "[A-Za-z0-9_.:@-]+"
# A figure; or one whose end was lost in editing, so that no reader ever sees its brackets.
_TOKEN = re.compile(rf"\[\[(?P<key>{KEY})\|(?P<text>[^\[\]|]*)\]\]|\[\[{KEY}\|(?P<broken>[^\[\]|]*)\]?")
_OPENING = re.compile(rf"\[\[(?={KEY}\|)")
_BRACKETS = re.compile(r"\[\[[^\n\]]{0,60}\]{0,2}|[^\n\[\]]{0,40}\]\]")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_STOP = re.compile(r"[.!?…][\"”)\]]?\s")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class TextRun:
    """A piece of a paragraph: words, or with a key a figure as it was accepted last."""

    text: str
    key: str = ""


Paragraph = tuple[TextRun, ...]


def parse_paragraphs(body: str) -> tuple[Paragraph, ...]:
    """The paragraphs of a stored text; white space counts as one space, empty paragraphs are left out."""
    parts = _BLANK_LINE.split(body.replace("\r\n", "\n").replace("\r", "\n"))
    paragraphs = (tuple(_tidy(_runs(part))) for part in parts)
    return tuple(runs for runs in paragraphs if runs)


def broken_tokens(body: str) -> list[tuple[int, str]]:
    """Double brackets that are no complete figure: paragraph number (from 1) and text. Parsing would turn them into
    words, so the forms report them.
    """
    places: list[tuple[int, str]] = []
    paragraph = 0
    for part in _BLANK_LINE.split(body.replace("\r\n", "\n").replace("\r", "\n")):
        words = _TOKEN.sub(lambda match: " " if (match["text"] or "").strip() else match[0], part)
        paragraph += bool(part.strip())
        places += [(paragraph, match[0].strip()) for match in _BRACKETS.finditer(words)]
    return places


def write_paragraphs(parts: Iterable[Iterable[TextRun]]) -> str:
    """Paragraphs as stored text. Words that look like the start of a token are escaped."""
    return "\n\n".join("".join(map(_written, _tidy(runs))) for runs in parts)


def token(key: str, text: str) -> str:
    """One figure as it is stored. Raises ValueError for a key or text that could not be read back."""
    written = f"[[{key}|{_SPACES.sub(' ', text).strip()}]]"
    match = _TOKEN.fullmatch(written)
    if match is None or not match["key"] or not match["text"]:
        raise ValueError(f"no token: {written}")
    return written


def plain_text(body: str) -> str:
    """A stored text as its reader sees it, a blank line between paragraphs."""
    return "\n\n".join(paragraph_text(runs) for runs in parse_paragraphs(body))


def paragraph_text(runs: Iterable[TextRun]) -> str:
    """One paragraph as its reader sees it."""
    return "".join(run.text for run in runs)


def paragraph_to_data(runs: Iterable[TextRun]) -> list[str | dict[str, str]]:
    """A paragraph as JSON data: words are text, a figure is ``{"figure": key, "text": "14.712"}``."""
    return [{"figure": run.key, "text": run.text} if run.key else run.text for run in runs]


def paragraph_from_data(data: str | Sequence[str | Mapping[str, Any]]) -> Paragraph:
    """Reads what ``paragraph_to_data`` wrote; the first document format stored a paragraph as one text."""
    parts = [data] if isinstance(data, str) else data
    return tuple(
        TextRun(part) if isinstance(part, str) else TextRun(part["text"], part["figure"]) for part in parts
    )


def split_sentences(runs: Sequence[TextRun]) -> list[Paragraph]:
    """A paragraph cut before each new sentence, which begins with a capital or a figure; a figure is never cut."""
    sentences: list[list[TextRun]] = [[]]
    for place, run in enumerate(runs):
        after = runs[place + 1].text if place + 1 < len(runs) else ""
        start = 0
        for end in (stop.end() for stop in _STOP.finditer("" if run.key else run.text)):
            following = run.text[end : end + 1] or after[:1]
            if following.isupper() or (following.isdigit() and end == len(run.text)):
                sentences[-1].append(TextRun(run.text[start:end]))
                sentences.append([])
                start = end
        if run.text[start:]:
            sentences[-1].append(TextRun(run.text[start:], run.key))
    return [tuple(sentence) for sentence in sentences if sentence]


def fact_keys(parts: Iterable[Iterable[TextRun]]) -> list[str]:
    """The facts that some paragraphs quote, each once, in order."""
    return list(dict.fromkeys(run.key for runs in parts for run in runs if run.key))


def _runs(text: str) -> Iterator[TextRun]:
    end = 0
    for match in _TOKEN.finditer(text):
        yield TextRun(text[end : match.start()])
        yield TextRun(match["broken"]) if match["key"] is None else TextRun(match["text"], match["key"])
        end = match.end()
    yield TextRun(text[end:])


def _tidy(runs: Iterable[TextRun]) -> list[TextRun]:
    """Joins adjacent words, collapses white space, strips the ends and drops figures without a text."""
    single = (TextRun(_SPACES.sub(" ", run.text).strip() if run.key else run.text, run.key) for run in runs)
    tidy: list[TextRun] = []
    for figures, group in groupby((run for run in single if run.text), key=lambda run: bool(run.key)):
        beside = list(group)
        tidy += beside if figures else [TextRun(_SPACES.sub(" ", paragraph_text(beside)))]
    if tidy and not tidy[0].key:
        tidy[0] = TextRun(tidy[0].text.lstrip())
    if tidy and not tidy[-1].key:
        tidy[-1] = TextRun(tidy[-1].text.rstrip())
    return [run for run in tidy if run.text]


def _written(run: TextRun) -> str:
    return token(run.key, run.text) if run.key else _OPENING.sub("[ [", run.text)
