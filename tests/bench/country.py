"""Generated scales: a tree of units, a catalogue, months of counts, sums and people.

The rows are made by the database itself (country.sql), a hundred times faster than one object each; the derived sums
are then written by the product's own recount.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from django.core.management.color import no_style
from django.db import connection, transaction

from figures.periods import DEFAULT_CALENDAR, Month, Period
from ledger import log
from records import sums
from records.models import Field, FieldScope
from units import roster
from units.models import Kind, Membership, Role, Tier, Unit, User, fold

LAST = Month(2025, 12)
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
START = date(2015, 1, 1)
# Units that are silent in the last month, everywhere the same number, so that pages show equally much.
SILENT = 3
# A day on which the last month and its half-year have ended.
LAST_DAY = date(2026, 1, 20)


@dataclass(frozen=True)
class Scale:
    """What is generated: `groups` below the top with `leaves` communes and one office each, or a district of 28 units
    (12 offices, 16 communes) where groups is 0.
    """

    title: str
    months: int
    groups: int = 0
    leaves: int = 0

    def __str__(self) -> str:
        return f"{self.title} × {self.months} months × {len(FIELDS)} fields"

    @property
    def period(self) -> Period:
        """The last 24 months, or as many as there are."""
        return Period.of(LAST.plus(1 - min(24, self.months)), LAST)

    @property
    def months_kept(self) -> list[Month]:
        return [LAST.plus(-back) for back in reversed(range(self.months))]


DISTRICT = Scale("district (28 units)", 24)
NATION = Scale("nation now (3,321 communes, 34 provinces)", 60, 34, 98)
SMALL = Scale("small nation (800 communes, 10 provinces)", 24, 10, 80)


@transaction.atomic
def fill(scale: Scale) -> Unit:
    """Make everything in the database in use, which is empty; returns the top of the tree."""
    _catalogue()
    units = list(_tree(scale))
    Unit.objects.bulk_create(units, batch_size=500)
    roster.rebuild()
    with connection.cursor() as cursor:
        _months(cursor, scale, units)
        for statement in Path(__file__).with_name("country.sql").read_text(encoding="utf-8").split(";"):
            # What the statement before has filled: planned by what stood there earlier, PostgreSQL takes minutes.
            cursor.execute("ANALYZE")
            cursor.execute(statement)
        for statement in connection.ops.sequence_reset_sql(no_style(), [Unit]):
            cursor.execute(statement)
    sums.refresh([unit for unit in units if unit.has_children], [month.number for month in scale.months_kept])
    _people(units)
    log.append("bench.fill", by=None, subject=str(scale), detail={})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return units[0]


def settle() -> None:
    """What a database that runs for years has long done; outside of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA optimize")


def _catalogue() -> None:
    fields = [
        Field(code=fold(name).replace(" ", "-"), name=name, order=place)
        for place, name in enumerate(FIELDS, 1)
    ]
    Field.objects.bulk_create(fields)
    FieldScope.objects.bulk_create(FieldScope(field=field, valid_from=START) for field in fields)


def _tree(scale: Scale) -> Iterator[Unit]:
    """Leaves first in number: country.sql lets the units up to a number be silent."""
    if not scale.groups:
        top = _unit(1000, "Huyện Đo", Tier.DISTRICT, None)
        yield top
        yield from (_unit(number, f"Xã {number}", Tier.COMMUNE, top) for number in range(1, 17))
        yield from (
            _unit(number, f"Phòng {number}", Tier.DISTRICT, top, Kind.OFFICE) for number in range(17, 29)
        )
        return
    top = _unit(10_000, "Cả nước", Tier.COUNTRY, None)
    yield top
    number = 0
    for group in range(scale.groups):
        province = _unit(10_001 + group, f"Tỉnh {group + 1}", Tier.PROVINCE, top)
        yield province
        for _ in range(_leaves(scale, group)):
            number += 1
            yield _unit(number, f"Xã {number}", Tier.COMMUNE, province)
        yield _unit(20_000 + group, f"Văn phòng tỉnh {group + 1}", Tier.PROVINCE, province, Kind.OFFICE)


def _leaves(scale: Scale, group: int) -> int:
    """98 communes in 23 provinces and 97 in 11 are 3,321."""
    return scale.leaves - 1 if scale is NATION and group >= 23 else scale.leaves


def _unit(number: int, name: str, tier: str, parent: Unit | None, kind: str = Kind.COMMITTEE) -> Unit:
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
        active_from=START,
        reports=not group,
        has_children=group,
    )


def _months(cursor, scale: Scale, units: list[Unit]) -> None:
    cursor.execute(
        "CREATE TEMPORARY TABLE bench_month (place integer, number integer, due_on date, skipped integer)"
    )
    rows = [
        (
            place,
            month.number,
            DEFAULT_CALENDAR.span(month).end + timedelta(2),
            SILENT if month == LAST else 0,
        )
        for place, month in enumerate(scale.months_kept, 1)
    ]
    cursor.executemany("INSERT INTO bench_month VALUES (%s, %s, %s, %s)", rows)


def _people(units: list[Unit]) -> None:
    """A reader of everything, and a clerk of every hundredth unit that reports."""
    reader = User.objects.create(username="reader", full_name="Người xem", demo=True)
    Membership.objects.create(user=reader, unit=units[0], role=Role.VIEWER, valid_from=START)
    for unit in [unit for unit in units if unit.reports][:8]:
        clerk = User.objects.create(username=f"clerk-{unit.pk}", full_name=f"Công chức {unit.pk}", demo=True)
        Membership.objects.create(user=clerk, unit=unit, role=Role.CLERK, valid_from=START)
