"""A random country whose units merge, divide, move to other parents, open and end without predecessors or successors,
stop reporting, or have successors that do not report.
"""

from datetime import date, timedelta

from units.models import Succession, Unit
from units.succession import stored_lineage

from .random_country import MONTHS, days
from .random_fields import FieldWorld


class HistoryWorld(FieldWorld):
    """Also stores the history by today's units."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        stored_lineage.rebuild()

    def wild(self, parent: Unit) -> None:
        for _ in range(self.random.randint(1, 4)):
            self.unit("commune", parent, kind=self.random.choice(["committee", "committee", "external"]))
        if parent.parent is not None:
            return
        acts = [
            self.merge,
            self.merge,
            self.divide,
            self.open,
            self.end,
            self.stop,
            self.fall_silent,
            self.close,
        ]
        # In order of time, so that a unit opened earlier can end later.
        for on in sorted(self.day() for _ in range(self.random.randint(4, 12))):
            self.random.choice(acts)(on)

    def day(self) -> date:
        """Often the first day of a reporting month, or the one before."""
        return days(self.random.choice(MONTHS))[0] + timedelta(self.random.choice([-1, 0, 0, 1, 9]))

    def alive(self, on: date, kind: str | None = None) -> list[Unit]:
        return [
            unit
            for unit in self.units
            if not unit.has_children
            and unit.active_until is None
            and unit.active_from < on
            and kind in (None, unit.kind)
        ]

    def place(self, on: date) -> Unit:
        return self.random.choice(
            [unit for unit in self.units if unit.has_children and unit.active_until is None]
        )

    def over(self, old: Unit, on: date) -> Unit:
        old.active_until = on - timedelta(1)
        return old

    def merge(self, on: date) -> None:
        kind = self.random.choice(["committee", "external"])
        alive = self.alive(on, kind)
        olds = self.random.sample(alive, min(len(alive), self.random.randint(1, 3)))
        new = self.unit("commune", self.place(on), kind=kind, active_from=on) if olds else None
        for old in olds:
            self.followed(self.over(old, on), new)

    def divide(self, on: date) -> None:
        """Divides a unit into two; another may merge into one of them on the same day."""
        alive = self.alive(on)
        if not alive:
            return
        old = self.over(self.random.choice(alive), on)
        for _ in range(2):
            new = self.unit("commune", self.place(on), kind=old.kind, active_from=on)
            self.links.append(Succession(old=old, new=new, on=on, share_denominator=2))
        more = self.alive(on, old.kind)
        if more and self.random.random() < 0.5:
            self.followed(self.over(self.random.choice(more), on), new)

    def open(self, on: date) -> None:
        self.unit("commune", self.place(on), active_from=on)

    def end(self, on: date) -> None:
        if alive := self.alive(on):
            self.over(self.random.choice(alive), on)

    def stop(self, on: date) -> None:
        """A unit gets units below it and stops reporting."""
        if alive := self.alive(on):
            old = self.random.choice(alive)
            old.reports_until, old.has_children = on - timedelta(1), True
            self.unit("commune", old, kind=old.kind, active_from=on)

    def fall_silent(self, on: date) -> None:
        if alive := self.alive(on):
            old = self.over(self.random.choice(alive), on)
            new = self.unit("commune", old.parent, kind=old.kind, active_from=on, reports=False)
            self.followed(old, new)

    def close(self, on: date) -> None:
        """A group ends with its units; most of them continue below other groups."""
        groups = {unit.parent_id for unit in self.units} - {self.top.pk}
        groups = [
            unit
            for unit in self.units
            if unit.pk in groups
            and unit.active_until is None
            and all(below.parent is not unit or not below.has_children for below in self.units)
        ]
        if not groups:
            return
        gone = self.random.choice(groups)
        leaves = [child for child in self.alive(date.max) if child.parent is gone]
        if any(leave.active_from >= on for leave in leaves):
            return
        self.over(gone, on)
        for old in leaves:
            self.over(old, on)
            if self.random.random() < 0.8:
                self.followed(old, self.unit("commune", self.place(on), kind=old.kind, active_from=on))
