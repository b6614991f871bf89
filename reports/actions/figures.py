"""Accepting what has become of the figures in a review's text: stale ones get their new value, typed ones a source."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction

from figures import bound
from figures.bound import Run
from reports.models import Review
from reports.queries.bound import LOOKS_LIKE, SAME, STALE, TYPED, Figure, States, states
from reports.queries.document import build, seen_version
from units.models import User

from .common import Refused, Stale, note, opened

CHANGED = "Chưa nhận: lời văn hoặc số liệu vừa thay đổi. Trang này đã là bản mới nhất; hãy xem lại rồi nhận."
NOTHING = "Không còn số nào cần nhận ở chỗ đã chọn."


@transaction.atomic
def accept_figures(
    review: Review,
    names: Collection[str],
    *,
    by: User | None,
    at: datetime,
    demo: bool,
    version: str | None = None,
) -> Review:
    """Write into the text what is known now. `names`: "all" and "2" (a section by its order) take the stale sentences
    there, "2.0.1" is one sentence (bound.Sentence.name), and with "=" before it ("=2.0.34", bound.Marked.name) a typed
    number is bound to the figure that it is or looks like. `version`: document.seen_version of what was looked at;
    Stale when text or figures differ by now. Raises Refused when nothing is left to accept there.
    """
    review = opened(review)
    doc = build(review, demo=demo)
    if version is not None and version != seen_version(doc):
        raise Stale(CHANGED)
    now = states(doc)
    changed: list[dict[str, Any]] = []
    for order, section in enumerate(review.sections.all(), 1):
        told: list[dict[str, Any]] = []
        body = _body(order, now, set(names), told)
        if told:
            section.body = body
            section.save(update_fields=["body"])
            changed += told
    if not changed:
        raise Refused(NOTHING)
    note("review.accept", review, by, at, {"figures": changed})
    return review


def _body(order: int, now: States, names: set[str], told: list[dict[str, Any]]) -> str:
    """The text of a section with what was accepted in it; `told` gets what changed, for the log."""
    whole = "all" in names or str(order) in names
    paragraphs = []
    for number, paragraph in enumerate(now.sections[order - 1]):
        runs: list[Run] = []
        for sentence in paragraph:
            taken = whole or sentence.name in names
            for one in sentence.figures:
                typed = f"={order}.{number}.{one.at}" in names and one.state in (SAME, LOOKS_LIKE)
                if typed or (taken and one.state == STALE):
                    told.append({"section": order, "key": one.key, "old": one.text, "new": one.new})
                    runs.append(Run(one.new, one.key))
                else:
                    runs.append(_as_it_was(one))
        paragraphs.append(runs)
    return bound.write(paragraphs)


def _as_it_was(one: Figure) -> Run:
    return Run(one.text, "" if one.state in TYPED else one.key)
