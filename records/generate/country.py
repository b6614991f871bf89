"""Fills an empty database with generated units, catalogue, months and people, mostly by SQL (country.sql)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from django.core.management.color import no_style
from django.db import connection, transaction

from accounts.models import User
from core.text import fold
from figures.periods import DEFAULT_CALENDAR, Month, Period
from figures.rounding import apportion
from ledger import log
from records.models import Field, FieldScope
from records.stored_sums import group_sums
from units.models import Membership, Role, Succession, Tier, Unit, UnitKind
from units.succession import positions, stored_lineage
from units.tree import roster

LAST = Month(2025, 12)
START = date(2015, 1, 1)
MERGER = date(2025, 7, 1)
TOP, PROVINCES, DISTRICTS, OFFICES, NEW = 100_000, 100_001, 101_000, 110_000, 200_000


@dataclass(frozen=True)
class CountryScale:
    """What is generated: `groups` provinces with `leaves` communes and one office each, or a district of 28 units
    (12 offices, 16 communes) where `groups` is 0.

    `communes`: their total, where they do not divide evenly; `districts`: between provinces and communes; `merged`:
    numbers of provinces and communes after 1 July 2025. `gaps`: one report in so many is missing, and sizes differ.
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


DISTRICT = CountryScale("district (28 units)", 24)
NATION = CountryScale("nation now (3,321 communes, 34 provinces)", 60, 34, communes=3_321)
BEFORE = CountryScale(
    "nation before (10,035 communes, 696 districts, 63 provinces)", 60, 63, communes=10_035, districts=696
)
MERGED = CountryScale(
    "nation merged on 1 July 2025 (10,035 communes into 3,321, 63 provinces into 34)",
    60,
    63,
    communes=10_035,
    districts=696,
    merged=(34, 3_321),
)
SMALL = CountryScale("small nation (800 communes, 10 provinces)", 24, 10, 80)
SMALL_BEFORE = CountryScale("small nation before (800 communes, 60 districts)", 24, 10, 80, districts=60)
SMALL_MERGED = CountryScale(
    "small nation merged (800 communes into 260)", 24, 10, 80, districts=60, merged=(6, 260)
)


def share_evenly(number: int, among: int) -> list[int]:
    """A number divided as evenly as possible, the larger parts first."""
    return list(apportion(number, [Fraction(1, among)] * among))


def generate_tree(scale: CountryScale) -> tuple[list[Unit], list[tuple[Unit, Unit]]]:
    """The units, parents first, and (old, new) of each merger. Communes have the lowest ids."""
    units = list(_district() if not scale.groups else _country(scale))
    return (units, []) if not scale.merged else _merged(scale, units)


def _district() -> Iterator[Unit]:
    top = _unit(1000, "Huyện Đo", Tier.DISTRICT, None)
    yield top
    yield from (_unit(number, f"Xã {number}", Tier.COMMUNE, top) for number in range(1, 17))
    yield from (
        _unit(number, f"Phòng {number}", Tier.DISTRICT, top, UnitKind.OFFICE) for number in range(17, 29)
    )


def _country(scale: CountryScale) -> Iterator[Unit]:
    top = _unit(TOP, "Cả nước", Tier.COUNTRY, None)
    yield top
    communes = share_evenly(scale.communes or scale.groups * scale.leaves, scale.groups)
    districts = share_evenly(scale.districts, scale.groups)
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
        for parent, several in zip(parents, share_evenly(leaves, len(parents)), strict=True):
            for _ in range(several):
                number += 1
                yield _unit(number, f"Xã {number}", Tier.COMMUNE, parent)
        yield _unit(OFFICES + group, f"Văn phòng tỉnh {group + 1}", Tier.PROVINCE, province, UnitKind.OFFICE)


def _merged(scale: CountryScale, units: list[Unit]) -> tuple[list[Unit], list[tuple[Unit, Unit]]]:
    """Merge neighbouring provinces and, in each, neighbouring communes; offices follow their province."""
    top, links = units[0], []
    old = [unit for unit in units if unit.tier == Tier.PROVINCE and unit.kind == UnitKind.COMMITTEE]
    for unit in units[1:]:
        unit.active_until = MERGER - timedelta(1)
    provinces, total = scale.merged
    number, at = NEW + provinces + provinces, 0
    generated = list(units)
    for place, (several, communes) in enumerate(
        zip(share_evenly(len(old), provinces), share_evenly(total, provinces), strict=True)
    ):
        olds = old[at : at + several]
        at += several
        new = _unit(NEW + place, f"Tỉnh mới {place + 1}", Tier.PROVINCE, top, since=MERGER)
        office = _unit(
            NEW + provinces + place, f"Văn phòng mới {place + 1}", "province", new, UnitKind.OFFICE, MERGER
        )
        generated += [new, office]
        below = [unit for unit in units if unit.path.startswith(tuple(province.path for province in olds))]
        links += [(unit, office) for unit in below if unit.kind == UnitKind.OFFICE]
        leaves = [unit for unit in below if unit.tier == Tier.COMMUNE]
        place_of = 0
        for parts in share_evenly(len(leaves), min(communes, len(leaves))):
            number += 1
            commune = _unit(number, f"Xã mới {number - NEW}", Tier.COMMUNE, new, since=MERGER)
            generated.append(commune)
            links += [(leaf, commune) for leaf in leaves[place_of : place_of + parts]]
            place_of += parts
    return generated, links


def _unit(
    number: int,
    name: str,
    tier: str,
    parent: Unit | None,
    kind: str = UnitKind.COMMITTEE,
    since: date = START,
) -> Unit:
    group = tier in (Tier.COUNTRY, Tier.PROVINCE, Tier.DISTRICT) and kind == UnitKind.COMMITTEE
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


HALF_YEAR = Period.parse("2025-H2")
FIELDS = (
    "Hộ tịch",
    "Chứng thực",
    "Đất đai",
    "Xây dựng",
    "Bảo trợ xã hội",
    "Giáo dục",
    "Y tế",
    "Tài chính",
    "Lao động",
)
# Units that send nothing for the last month; the same number at every scale, so that pages show equally much.
SILENT_UNITS = 3
# A day on which the last month and its half-year have ended.
LAST_DAY = date(2026, 1, 20)


@transaction.atomic
def fill_country(scale: CountryScale) -> Unit:
    """Fill the current database, which must be empty; returns the top of the tree."""
    _catalogue()
    units, links = generate_tree(scale)
    Unit.objects.bulk_create(units, batch_size=500)
    Succession.objects.bulk_create(
        (Succession(old=old, new=new, on=MERGER, legal_basis="Dữ liệu tạo") for old, new in links),
        batch_size=500,
    )
    roster.rebuild()
    stored_lineage.rebuild()
    positions.rebuild()
    with connection.cursor() as cursor:
        _months(cursor, scale)
        _sizes(cursor, scale, units, Counter(new.pk for _, new in links))
        for statement in Path(__file__).with_name("country.sql").read_text(encoding="utf-8").split(";"):
            # Without statistics about what the last statement filled PostgreSQL takes minutes.
            cursor.execute("ANALYZE")
            cursor.execute(statement)
        for statement in connection.ops.sequence_reset_sql(no_style(), [Unit]):
            cursor.execute(statement)
    group_sums.refresh_after_handover(units, {MERGER} if links else ())
    group_sums.refresh_group_sums(
        [unit for unit in units if unit.has_children], [month.number for month in scale.months_kept]
    )
    _people(units)
    log.append("bench.fill", by=None, subject=str(scale), detail={})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return units[0]


def settle_database() -> None:
    """Vacuum and analyze, as autovacuum has long done in a database that is used; in a transaction only analyze."""
    whole = "ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE"
    with connection.cursor() as cursor:
        cursor.execute(whole if connection.vendor == "postgresql" else "PRAGMA optimize")


def _catalogue() -> None:
    fields = [
        Field(code=fold(name).replace(" ", "-"), name=name, order=place)
        for place, name in enumerate(FIELDS, 1)
    ]
    Field.objects.bulk_create(fields)
    FieldScope.objects.bulk_create(FieldScope(field=field, valid_from=START) for field in fields)


def _months(cursor, scale: CountryScale) -> None:
    cursor.execute(
        "CREATE TEMPORARY TABLE bench_month "
        "(place integer, number integer, due_on date, skipped integer, start_on date, end_on date, gaps integer, "
        "parts integer)"
    )
    spans = map(DEFAULT_CALENDAR.span, scale.months_kept)
    rows = [
        (
            place,
            month.number,
            span.end + timedelta(2),
            SILENT_UNITS if month == LAST and not scale.merged else 0,
            span.start,
            span.end,
            scale.gaps,
            2 if scale.merged and scale.gaps and span.start < MERGER <= span.end else 1,
        )
        for place, (month, span) in enumerate(zip(scale.months_kept, spans, strict=True), 1)
    ]
    cursor.executemany("INSERT INTO bench_month VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", rows)


def _sizes(cursor, scale: CountryScale, units: list[Unit], predecessors: Counter[int]) -> None:
    """Each unit's dossiers as a multiple of a small unit's. With gaps, one unit in nine is large, and successors of
    several units are as large as these together.
    """
    cursor.execute("CREATE TEMPORARY TABLE bench_size (unit_id bigint PRIMARY KEY, times integer)")
    real = scale.gaps > 0
    rows = [
        (unit.pk, max(1, predecessors[unit.pk]) * (4 if unit.pk % 9 == 0 else 1) if real else 1)
        for unit in units
    ]
    cursor.executemany("INSERT INTO bench_size VALUES (%s, %s)", rows)


def _people(units: list[Unit]) -> None:
    """A viewer of everything, and clerks of the first eight units that report."""
    reader = User.objects.create(username="reader", full_name="Người xem", demo=True)
    Membership.objects.create(user=reader, unit=units[0], role=Role.VIEWER, valid_from=START)
    for unit in [unit for unit in units if unit.reports][:8]:
        clerk = User.objects.create(username=f"clerk-{unit.pk}", full_name=f"Công chức {unit.pk}", demo=True)
        Membership.objects.create(user=clerk, unit=unit, role=Role.CLERK, valid_from=START)
