"""Units that are to be opened, what is wrong with them, and what they come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from . import details
from .models import Unit
from .words import canonical, clean


@dataclass
class Draft:
    """A unit to open. `parent` is a code (or CODE@day) that is looked up on the first day, or the unit itself."""

    code: str
    name: str
    kind: str
    tier: str
    active_from: date
    active_until: date | None = None
    parent: str | Unit | None = None
    reports_declared: bool | None = None
    legal_basis: str = ""

    def unit(self) -> Unit:
        """The unit as it would be kept, without parent and place in the tree."""
        return Unit(
            code=canonical(self.code),
            name=clean(self.name),
            kind=self.kind,
            tier=self.tier,
            active_from=self.active_from,
            active_until=self.active_until,
            reports_declared=self.reports_declared,
            **{name: clean(text) for name, text in details.texts(self).items()},
        )


class Wrong(NamedTuple):
    """What is wrong with the draft at `index`: field of the draft, code for programs, message in Vietnamese."""

    index: int
    field: str
    code: str
    message: str


class Refused(Exception):
    """An action that the rules of the tree forbid; carries every fault."""

    def __init__(self, wrongs: Sequence[Wrong]):
        super().__init__(" ".join(wrong.message for wrong in wrongs))
        self.wrongs = list(wrongs)


class Closing(NamedTuple):
    """A unit that the draft at `index` closes; `on` is its last day."""

    index: int
    unit: Unit
    on: date


class Plan(NamedTuple):
    """Drafts turned into units: `new` with parents set (parents before children), existing ones that only close."""

    new: list[tuple[int, Unit]]
    closing: list[Closing]
    unchanged: int
    wrongs: list[Wrong]
