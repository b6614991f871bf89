"""A small country for handover tests: units open, merge and split, with months of given open dossiers."""

from datetime import date
from fractions import Fraction

from figures.periods import Month, Period
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from tests.records.conftest import balanced, entered
from tests.units.succession import successions
from units.lifecycle import actions
from units.models import Unit
from units.tree.rules import UnitDraft

START, ON, TODAY = date(2021, 1, 1), date(2022, 7, 1), date(2022, 12, 31)


def row(opens: int | None, left: int | None) -> dict[str, int | None]:
    """A row with `opens` open at the start and `left` at the end (one late, one awaited) and 20 received."""
    values = balanced(20) | dict.fromkeys(("opening", "pending_in_time", "pending_late", "awaiting"))
    if opens is not None:
        values["opening"] = opens
    if left is not None:
        values |= {"pending_in_time": left - 2, "pending_late": 1, "awaiting": 1}
    resolved = 20 + (opens or 0) - (left or 0)
    return values | {"resolved_on_time": resolved, "returned_direct": resolved}


class Land:
    """A country with one province of one district, `west`. A month is its number in 2022."""

    def __init__(self, fields) -> None:
        self.field, self.undivided = fields.ho_tich, fields.chung
        self.country = self.open("vn", None, tier="country")
        self.province = self.open("35", self.country, tier="province")
        self.west = self.open("351", self.province, tier="district")

    def draft(self, code: str, parent: Unit | None, start: date, **more) -> UnitDraft:
        tier, kind = more.get("tier", "commune"), more.get("kind", "committee")
        return UnitDraft(
            code, f"Đơn vị {code}", kind, tier, start, parent=parent, reports_declared=more.get("declared")
        )

    def open(self, code: str, parent: Unit | None, *, start: date = START, **more) -> Unit:
        return actions.open_unit(self.draft(code, parent, start, **more), by=None)

    def merge(self, olds: list[Unit], code: str, parent: Unit, on: date = ON, **more) -> Unit:
        part = successions.Part(self.draft(code, parent, on, **more))
        return successions.replace(olds, [part], on, by=None)[0]

    def split(self, old: Unit, parts: dict[str, Fraction], parent: Unit, on: date = ON) -> list[Unit]:
        several = [successions.Part(self.draft(code, parent, on), share) for code, share in parts.items()]
        return successions.replace([old], several, on, by=None)

    def month(self, unit: Unit, month: int, opens: int | None, left: int | None, **more):
        field = self.field if unit.tier == "commune" else self.undivided
        return entered(unit, Month(2022, month), {(field.pk, None): row(opens, left)}, **more)

    def months(self, unit: Unit, **counts: tuple[int, int]) -> None:
        """m7=(6, 4): July began with 6 and left 4."""
        for month, (opens, left) in counts.items():
            self.month(unit, int(month[1:]), opens, left)


def unit_summary(unit: Unit, period: str, **more):
    """The Summary of a unit, reloaded; a period without a year is in 2022."""
    code = period if period.startswith("2022") else f"2022-{period}"
    return summary(FiguresQuery(Unit.objects.get(pk=unit.pk), Period.parse(code), **more))


def stands(figures) -> tuple[int | None, int | None]:
    """Dossiers open at the beginning and at the end."""
    left = [figures.counts[name] for name in ("pending", "awaiting")]
    return figures.counts["opening"], None if left == [None, None] else sum(number or 0 for number in left)


def stand(unit: Unit, period: str, **more) -> tuple[int | None, int | None]:
    return stands(unit_summary(unit, period, **more).total)


def rows(unit: Unit, period: str, by: str = "unit", **more) -> dict[str, tuple[int | None, int | None]]:
    """The same for each row, by the code of its unit or field or by its month."""
    lines = unit_summary(unit, period, by=by, **more).rows
    return {
        line.extra.get("code", line.key) if by == "unit" else line.key: stands(line.figures) for line in lines
    }
