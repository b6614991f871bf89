"""What the words of a review may quote: its facts, searched as people type, and the mark of a section's text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from figures import bound
from figures.facts import Fact
from ledger.models import Entry
from reports.models import Review, ReviewSection
from reports.queries import document
from units.models import fold

# The figures of the whole unit stand before those of its parts, what is now before what was.
_ORDER = (
    "now", "change", "target", "gap", "indicator", "completeness", "missing", "tasks", "before", "same", "left_out",
    "unit",
)  # fmt: skip
NONE = "—"


@dataclass(frozen=True)
class Quotable:
    """A fact with its key; `token` is what stands for it in stored text."""

    key: str
    fact: Fact

    @property
    def token(self) -> str:
        return bound.token(self.key, self.fact.text)

    def as_dict(self) -> dict[str, Any]:
        """What the editor's page is told of it."""
        fact = self.fact
        told = {"key": self.key, "text": fact.text, "name": fact.name, "source": fact.source}
        return {**told, "formula": fact.formula, "link": fact.link}


def facts_of(review: Review) -> dict[str, Fact]:
    """All facts of a review as the database stands now."""
    return document.known(document.build(review, demo=False))


def search(known: Mapping[str, Fact], asked: str) -> list[Quotable]:
    """The facts whose name, text or key holds every word asked for, without regard to case and diacritics; what
    nobody reported cannot be quoted and is left out.
    """
    words = fold(asked).split()
    found = [
        Quotable(key, fact)
        for key, fact in known.items()
        if fact.text != NONE and _holds(f"{fact.name} {fact.text} {key}", words)
    ]
    return sorted(found, key=lambda one: _rank(one.key))


def named(known: Mapping[str, Fact], keys: Iterable[str]) -> list[Quotable]:
    """The facts under some keys, as far as they are known."""
    return [Quotable(key, known[key]) for key in dict.fromkeys(keys) if key in known]


def section_version(section: ReviewSection) -> str:
    """A short mark of a section's text, for the lock of its edit page."""
    return document.sha256([section.heading, section.body])[:16]


def last_change(review: Review) -> Entry | None:
    """Who changed the review last, and when."""
    return Entry.objects.filter(subject=f"review:{review.pk}").order_by("-sequence").first()


def _holds(text: str, words: Iterable[str]) -> bool:
    folded = fold(text)
    return all(word in folded for word in words)


def _rank(key: str) -> int:
    first = key.split(".", 1)[0]
    return _ORDER.index(first) if first in _ORDER else len(_ORDER)
