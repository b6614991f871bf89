"""Trees of generated units: a district, a country of provinces, the country before and after the merger of 2025.

Numbers of units are given here, so that the rows of their months can be made by the database (country.sql).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from figures.apportion import apportion
from figures.months import Month
from figures.periods import Period
from units.models import Kind, Tier, Unit, fold

LAST = Month(2025, 12)
START = date(2015, 1, 1)
MERGER = date(2025, 7, 1)
TOP, PROVINCES, DISTRICTS, OFFICES, NEW = 100_000, 100_001, 101_000, 110_000, 200_000


@dataclass(frozen=True)
class Scale:
    """What is generated: `groups` below the top with `leaves` communes and one office each, or a district of 28 units
    (12 offices, 16 communes) where groups is 0.

    `communes` in all, where they do not divide evenly; `districts` between provinces and communes; `merged`: how many
    provinces and communes all of them became on 1 July 2025. `gaps`: one report in so many is missing; sizes differ.
    """

    title: str
    months: int
    groups: int = 0
    leaves: int = 0
    communes: int = 0
    districts: int = 0
    merged: tuple[int, int] = ()
    gaps: int = 0

    def __str__(self) -> str:
        return f"{self.title} × {self.months} months × 9 fields"

    @property
    def period(self) -> Period:
        """The last 24 months, or as many as there are."""
        return Period.of(LAST.plus(1 - min(24, self.months)), LAST)

    @property
    def months_kept(self) -> list[Month]:
        return [LAST.plus(-back) for back in reversed(range(self.months))]


DISTRICT = Scale("district (28 units)", 24)
NATION = Scale("nation now (3,321 communes, 34 provinces)", 60, 34, communes=3_321)
BEFORE = Scale(
    "nation before (10,035 communes, 696 districts, 63 provinces)", 60, 63, communes=10_035, districts=696
)
MERGED = Scale(
    "nation merged on 1 July 2025 (10,035 communes into 3,321, 63 provinces into 34)",
    60,
    63,
    communes=10_035,
    districts=696,
    merged=(34, 3_321),
)
SMALL = Scale("small nation (800 communes, 10 provinces)", 24, 10, 80)
SMALL_BEFORE = Scale("small nation before (800 communes, 60 districts)", 24, 10, 80, districts=60)
SMALL_MERGED = Scale("small nation merged (800 communes into 260)", 24, 10, 80, districts=60, merged=(6, 260))


def shared(number: int, among: int) -> list[int]:
    """A number divided as evenly as it goes, the larger parts first."""
    return list(apportion(number, [Fraction(1, among)] * among))


def tree(scale: Scale) -> tuple[list[Unit], list[tuple[Unit, Unit]]]:
    """The units, parents first, and who became what. Leaves come first in number: units up to one are silent."""
    units = list(_district() if not scale.groups else _country(scale))
    return (units, []) if not scale.merged else _merged(scale, units)


def _district() -> Iterator[Unit]:
    top = _unit(1000, "Huyện Đo", Tier.DISTRICT, None)
    yield top
    yield from (_unit(number, f"Xã {number}", Tier.COMMUNE, top) for number in range(1, 17))
    yield from (_unit(number, f"Phòng {number}", Tier.DISTRICT, top, Kind.OFFICE) for number in range(17, 29))


def _country(scale: Scale) -> Iterator[Unit]:
    top = _unit(TOP, "Cả nước", Tier.COUNTRY, None)
    yield top
    communes = shared(scale.communes or scale.groups * scale.leaves, scale.groups)
    districts = shared(scale.districts, scale.groups)
    number = below = 0
    for group, leaves in enumerate(communes):
        province = _unit(PROVINCES + group, f"Tỉnh {group + 1}", Tier.PROVINCE, top)
        yield province
        parents = [province]
        for _ in range(districts[group]):
            parents = parents if parents[0].tier == Tier.DISTRICT else []
            parents.append(_unit(DISTRICTS + below, f"Huyện {below + 1}", Tier.DISTRICT, province))
            below += 1
            yield parents[-1]
        for parent, several in zip(parents, shared(leaves, len(parents)), strict=True):
            for _ in range(several):
                number += 1
                yield _unit(number, f"Xã {number}", Tier.COMMUNE, parent)
        yield _unit(OFFICES + group, f"Văn phòng tỉnh {group + 1}", Tier.PROVINCE, province, Kind.OFFICE)


def _merged(scale: Scale, units: list[Unit]) -> tuple[list[Unit], list[tuple[Unit, Unit]]]:
    """Neighbouring provinces become one; in each, neighbouring communes become one; offices follow their province."""
    top, links = units[0], []
    old = [unit for unit in units if unit.tier == Tier.PROVINCE and unit.kind == Kind.COMMITTEE]
    for unit in units[1:]:
        unit.active_until = MERGER - timedelta(1)
    provinces, total = scale.merged
    number, at = NEW + provinces + provinces, 0
    found = list(units)
    for place, (several, communes) in enumerate(
        zip(shared(len(old), provinces), shared(total, provinces), strict=True)
    ):
        olds = old[at : at + several]
        at += several
        new = _unit(NEW + place, f"Tỉnh mới {place + 1}", Tier.PROVINCE, top, since=MERGER)
        office = _unit(
            NEW + provinces + place, f"Văn phòng mới {place + 1}", "province", new, Kind.OFFICE, MERGER
        )
        found += [new, office]
        below = [unit for unit in units if unit.path.startswith(tuple(one.path for one in olds))]
        links += [(unit, office) for unit in below if unit.kind == Kind.OFFICE]
        leaves = [unit for unit in below if unit.tier == Tier.COMMUNE]
        place_of = 0
        for parts in shared(len(leaves), min(communes, len(leaves))):
            number += 1
            one = _unit(number, f"Xã mới {number - NEW}", Tier.COMMUNE, new, since=MERGER)
            found.append(one)
            links += [(leaf, one) for leaf in leaves[place_of : place_of + parts]]
            place_of += parts
    return found, links


def _unit(
    number: int, name: str, tier: str, parent: Unit | None, kind: str = Kind.COMMITTEE, since: date = START
) -> Unit:
    group = tier in (Tier.COUNTRY, Tier.PROVINCE, Tier.DISTRICT) and kind == Kind.COMMITTEE
    return Unit(
        pk=number,
        code=f"D{number:05}",
        name=name,
        folded=fold(name),
        kind=kind,
        tier=tier,
        parent=parent,
        path=f"{parent.path if parent else '/'}{number}/",
        depth=parent.depth + 1 if parent else 0,
        active_from=since,
        reports=not group,
        has_children=group,
    )
