"""The sentences that drafts are made of: those that the product brings along, and those that administrators wrote;
and those of the news page.
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from figures import phrases
from figures.saying import Phrase
from records.models import Indicator
from reports.models import StoredPhrase

from .outlines import brought_sections

# The section whose sentences are proposed as tasks of the next period.
TASKS = "nhiem-vu"
STEP = 10


@dataclass(frozen=True)
class Template:
    """A phrase as it is written. `brought`: the product has one under this key; `own`: an administrator wrote it."""

    key: str
    section: str
    slot: str
    text: str
    of: str = ""
    conditions: str = ""
    begins_paragraph: bool = False
    joined: str = ""
    in_use: bool = True
    order: int = 0
    brought: bool = False
    own: bool = False

    def parsed(self) -> Phrase:
        """The phrase to be said. Raises figures.phrases.PhraseError."""
        return Phrase(
            self.section,
            self.slot,
            phrases.parse(self.text),
            phrases.conditions(self.conditions),
            self.of,
            self.begins_paragraph,
            self.joined,
        )


def templates() -> list[Template]:
    """All phrases in their order. One query."""
    found = {one.key: one for one in _brought()}
    for row in StoredPhrase.objects.all():
        written = {name: getattr(row, name) for name in _FIELDS}
        found[row.key] = Template(**written, brought=row.key in found, own=True)
    return sorted(found.values(), key=lambda one: (one.order, one.key))


def template(key: str) -> Template | None:
    """The phrase of a key."""
    return next((one for one in templates() if one.key == key), None)


def in_use() -> list[Phrase]:
    """The phrases that drafts are made of."""
    return [one.parsed() for one in templates() if one.in_use]


@lru_cache
def news() -> tuple[Phrase, ...]:
    """The phrases of the news page. They are said of frozen reviews too, so no administrator writes them."""
    return tuple(one.parsed() for one in _read("news.json"))


def section_names(*, tasks: bool = False) -> list[tuple[str, str]]:
    """The sections that phrases name, key and heading; with `tasks` also that of proposed tasks."""
    names = [(one.key, one.heading) for one in brought_sections()]
    return [*names, (TASKS, "Nhiệm vụ đề xuất cho kỳ tới")] if tasks else names


def kinds() -> list[tuple[str, str]]:
    """What a phrase may be said of: key and name. One query."""
    groups = {one.of.partition(":")[2] for one in _brought() if one.of.startswith("indicator:")}
    groups |= set(Indicator.objects.values_list("group", flat=True))
    each = [(f"indicator:{one}", f"Từng chỉ tiêu của nhóm {one}") for one in sorted(filter(None, groups))]
    return [("", "Cả báo cáo"), ("tier", "Từng cấp"), ("scope", "Từng cấp và chung"), *each]


_FIELDS = ("key", "section", "slot", "text", "of", "conditions", "begins_paragraph", "in_use", "order")


@lru_cache
def _brought() -> tuple[Template, ...]:
    return _read("phrases.json")


def _read(name: str) -> tuple[Template, ...]:
    """The phrases of a file of fixtures/, in its order."""
    path = Path(settings.BASE_DIR) / "fixtures" / name
    rows = json.loads(path.read_text(encoding="utf-8"))["phrases"]
    names = {"if": "conditions", "paragraph": "begins_paragraph"}
    read = [Template(**{names.get(name, name): value for name, value in row.items()}) for row in rows]
    return tuple(replace(one, order=place * STEP, brought=True) for place, one in enumerate(read, 1))
