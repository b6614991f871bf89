"""What the pickers of the dashboard offer: periods, and the units around the one that is seen."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from django.utils.safestring import SafeString
from django.utils.text import capfirst

from accounts.models import User
from core import markup
from figures.periods import Month, Period, PeriodError
from figures.summary import Summary
from units.access.queries import memberships_of, visible_units
from units.models import Unit
from units.tree.queries import children_of

from .params import PageState, stable_unit_key

Options = list[tuple[str, list[tuple[str, str]]]]
MOST_CHILDREN = 500


@lru_cache(maxsize=64)
def period_options(today: Month, asked: Period) -> SafeString:
    """Half-years, quarters, years and months that have begun, newest first, drawn; the asked one always, and chosen.

    Kept, since all readers of a month are offered the same.
    """
    halves = _back(Period.parse(f"{today.year}-H{1 if today.month <= 6 else 2}"), 6)
    quarters = _back(Period.parse(f"{today.year}-Q{(today.month + 2) // 3}"), 8)
    years = _back(Period.parse(f"{today.year}"), 4)
    months = [Period.of_month(month) for month in reversed(Month.range(today.plus(-23), today))]
    groups = [("6 tháng", halves), ("Quý", quarters), ("Năm", years), ("Tháng", months)]
    if not any(asked.code == period.code for _, group in groups for period in group):
        groups.insert(0, ("Đang xem", [asked]))
    named = [(name, [(one.code, capfirst(one.label)) for one in group]) for name, group in groups]
    return markup.options(named, asked.code)


def visible_above(asked: PageState, user: User) -> list[int]:
    """Numbers of the units above that the reader may see, from the top down; no query."""
    own = [membership.unit.path for membership in memberships_of(user, asked.day)]
    numbers = asked.query.unit.ancestor_ids()
    paths = ["/" + "/".join(map(str, numbers[: place + 1])) + "/" for place in range(len(numbers))]
    return [number for number, path in zip(numbers, paths, strict=True) if path.startswith(tuple(own))]


def paths_held(asked: PageState, user: User) -> list[str]:
    """Paths of the units that the reader holds, where not all that the page names need be below them; no query. None
    where it is: all units below one that he sees by its own place are his to see.
    """
    own = sorted({membership.unit.path for membership in memberships_of(user, asked.day)})
    return [] if asked.query.basis == "reported" and asked.query.unit.path.startswith(tuple(own)) else own


def hidden_units(asked: PageState, user: User, numbers: Iterable[int]) -> frozenset[int]:
    """Those of the units (by number) that the reader may not see, and so is offered no link to. One query, none where
    he may see all.
    """
    if not paths_held(asked, user):
        return frozenset()
    wanted = set(numbers)
    seen = visible_units(user, asked.day).filter(pk__in=wanted).order_by()
    return frozenset(wanted.difference(seen.values_list("pk", flat=True)))


def unit_key_for(asked: PageState, unit: Unit, end: date) -> str:
    """How a link of the page names a unit of the tree: whatever the basis, where codes are read on the reader's day."""
    return unit.key_on(end) if asked.query.basis == "reported" else stable_unit_key(unit, end)


def ancestors(numbers: list[int]) -> list[Unit]:
    """The units of these numbers, in their order."""
    found = Unit.objects.in_bulk(numbers) if numbers else {}
    return [found[number] for number in numbers]


def unit_options(
    asked: PageState,
    above: list[Unit],
    summary: Summary,
    end: date,
    hidden: frozenset[int] = frozenset(),
) -> Options:
    """The unit that is seen, those above it, and those directly below; none of `hidden` (of `unseen`)."""
    left_out = hidden | {asked.query.unit.pk}
    below = [(row.key, row.name) for row in summary.rows if row.extra.get("pk") not in left_out]
    if summary.by != "unit" or asked.query.tier or asked.field_key:
        start = summary.period.start
        children = (
            children_of(asked.query.unit, start, end)
            if asked.query.unit.has_children
            else Unit.objects.none()
        )
        below = [(unit_key_for(asked, unit, end), unit.name) for unit in children[:MOST_CHILDREN]]
    groups: Options = [("Đang xem", [(asked.unit_key, asked.query.unit.name)])]
    if above:
        groups.insert(0, ("Cấp trên", [(unit_key_for(asked, unit, end), unit.name) for unit in above]))
    if below:
        groups.append(("Trực thuộc", below[:MOST_CHILDREN]))
    return groups


def _back(period: Period, number: int) -> list[Period]:
    found = []
    for _ in range(number):
        found.append(period)
        try:
            period = period.previous()
        except PeriodError:
            break
    return found
