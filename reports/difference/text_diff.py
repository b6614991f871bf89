"""Which figures and which words of two documents differ."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from figures.formatting import format_count
from reports.review_text import sentences
from reports.review_text.facts import Fact

# A share alone, as it is printed: not words that end in one.
_SHARE = re.compile(r"[\d.]+(,\d+)?%")
# Facts that follow from others: they would tell each change a second time.
_DERIVED = ("change", "gap", "same", "left_out")


@dataclass(frozen=True)
class ChangedFigure:
    """A figure that is another one: as it was written and is written, and by how much where that can be said."""

    key: str
    name: str
    old: str
    new: str
    by: str = ""


@dataclass(frozen=True)
class TextPiece:
    """Some words of a paragraph: "same", "gone" or "new"."""

    kind: str
    text: str


@dataclass(frozen=True)
class ChangedSection:
    """A section whose words differ; each paragraph is a row of pieces."""

    heading: str
    paragraphs: list[list[TextPiece]]


def changed_figures(old: Mapping[str, Fact], new: Mapping[str, Fact]) -> list[ChangedFigure]:
    """The figures that differ, in the order of the newer review; "—" stands for what one of them does not know."""
    found = []
    for key in dict.fromkeys((*new, *old)):
        before, after = old.get(key), new.get(key)
        if key.split(".", 1)[0] in _DERIVED or (before and after and before.text == after.text):
            continue
        one = after or before
        texts = (before.text if before else "—", after.text if after else "—")
        if one is not None and texts[0] != texts[1]:
            found.append(ChangedFigure(key, one.name, *texts, _by(before, after)))
    return found


def _by(old: Fact | None, new: Fact | None) -> str:
    if old is None or new is None or old.value is None or new.value is None:
        return ""
    if isinstance(old.value, int) and isinstance(new.value, int):
        return f"{'+' if new.value > old.value else '−'}{format_count(abs(new.value - old.value))}"
    if _SHARE.fullmatch(new.text) and _SHARE.fullmatch(old.text):
        return sentences.points_change(str(new.value), str(old.value))
    return ""


def changed_sections(
    old: Iterable[tuple[str, str, Sequence[str]]], new: Iterable[tuple[str, str, Sequence[str]]]
) -> list[ChangedSection]:
    """The sections (key, heading, paragraphs) whose words differ: those of the newer review in its order, then those
    that it has no longer.
    """
    before = {key: (heading, texts) for key, heading, texts in old}
    found = []
    for key, heading, texts in new:
        was, earlier = before.pop(key, ("", ()))
        if (was, tuple(earlier)) != (heading, tuple(texts)):
            words = [changed_words(was, heading)] if was != heading and was else []
            found.append(ChangedSection(heading, [*words, *_paragraphs(earlier, texts)]))
    gone = [
        ChangedSection(heading, [[TextPiece("gone", text)] for text in (heading, *texts)])
        for heading, texts in before.values()
    ]
    return [*found, *gone]


def _paragraphs(old: Sequence[str], new: Sequence[str]) -> Iterator[list[TextPiece]]:
    """Each paragraph that differs; those that are the same are left out."""
    for act, start, end, begin, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if act == "equal":
            continue
        pairs = min(end - start, stop - begin)
        for place in range(pairs):
            yield changed_words(old[start + place], new[begin + place])
        yield from ([TextPiece("gone", text)] for text in old[start + pairs : end])
        yield from ([TextPiece("new", text)] for text in new[begin + pairs : stop])


def changed_words(old: str, new: str) -> list[TextPiece]:
    """The words of two paragraphs as one row of pieces; very long ones are not taken apart, to save time."""
    before, after = old.split(" "), new.split(" ")
    if len(before) * len(after) > 4_000_000:
        return [TextPiece("gone", old), TextPiece("new", new)]
    found = []
    for act, start, end, begin, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if act == "equal":
            found.append(TextPiece("same", " ".join(before[start:end])))
            continue
        for kind, words in (("gone", before[start:end]), ("new", after[begin:stop])):
            if words:
                found.append(TextPiece(kind, " ".join(words)))
    return found
