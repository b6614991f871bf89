"""Generated scales: a tree of units, a catalogue, months of counts, sums and people.

The rows are made by the database itself (country.sql), a hundred times faster than one object each; the derived sums
are then written by the product's own recount.
"""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from django.core.management.color import no_style
from django.db import connection, transaction

from figures.periods import DEFAULT_CALENDAR, Period
from ledger import log
from records import sums
from records.models import Field, FieldScope
from units import answering, inheritance, roster
from units.models import Membership, Role, Succession, Unit, User, fold

from .trees import (
    BEFORE,
    DISTRICT,
    LAST,
    MERGED,
    MERGER,
    NATION,
    SMALL,
    SMALL_BEFORE,
    SMALL_MERGED,
    START,
    Scale,
    tree,
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
# Units that are silent in the last month, everywhere the same number, so that pages show equally much.
SILENT = 3
# A day on which the last month and its half-year have ended.
LAST_DAY = date(2026, 1, 20)


@transaction.atomic
def fill(scale: Scale) -> Unit:
    """Make everything in the database in use, which is empty; returns the top of the tree."""
    _catalogue()
    units, links = tree(scale)
    Unit.objects.bulk_create(units, batch_size=500)
    Succession.objects.bulk_create(
        (Succession(old=old, new=new, on=MERGER, legal_basis="Dữ liệu tạo") for old, new in links),
        batch_size=500,
    )
    roster.rebuild()
    inheritance.rebuild()
    answering.rebuild()
    with connection.cursor() as cursor:
        _months(cursor, scale)
        _sizes(cursor, scale, units, Counter(new.pk for _, new in links))
        for statement in Path(__file__).with_name("country.sql").read_text(encoding="utf-8").split(";"):
            # What the statement before has filled: planned by what stood there earlier, PostgreSQL takes minutes.
            cursor.execute("ANALYZE")
            cursor.execute(statement)
        for statement in connection.ops.sequence_reset_sql(no_style(), [Unit]):
            cursor.execute(statement)
    sums.hand_over(units, {MERGER} if links else ())
    sums.refresh([unit for unit in units if unit.has_children], [month.number for month in scale.months_kept])
    _people(units)
    log.append("bench.fill", by=None, subject=str(scale), detail={})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return units[0]


__all__ = [
    "BEFORE",
    "DISTRICT",
    "FIELDS",
    "HALF_YEAR",
    "LAST",
    "LAST_DAY",
    "MERGED",
    "MERGER",
    "NATION",
    "SILENT",
    "SMALL",
    "SMALL_BEFORE",
    "SMALL_MERGED",
    "START",
    "Scale",
    "fill",
    "settle",
]


def settle() -> None:
    """What a database that runs for years has long done; as far as a transaction around it allows."""
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


def _months(cursor, scale: Scale) -> None:
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
            SILENT if month == LAST and not scale.merged else 0,
            span.start,
            span.end,
            scale.gaps,
            2 if scale.merged and scale.gaps and span.start < MERGER <= span.end else 1,
        )
        for place, (month, span) in enumerate(zip(scale.months_kept, spans, strict=True), 1)
    ]
    cursor.executemany("INSERT INTO bench_month VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", rows)


def _sizes(cursor, scale: Scale, units: list[Unit], predecessors: Counter[int]) -> None:
    """How many times a small unit's dossiers each has. With gaps one in nine is large, and who took over from several
    receives what they received together.
    """
    cursor.execute("CREATE TEMPORARY TABLE bench_size (unit_id bigint PRIMARY KEY, times integer)")
    real = scale.gaps > 0
    rows = [
        (unit.pk, max(1, predecessors[unit.pk]) * (4 if unit.pk % 9 == 0 else 1) if real else 1)
        for unit in units
    ]
    cursor.executemany("INSERT INTO bench_size VALUES (%s, %s)", rows)


def _people(units: list[Unit]) -> None:
    """A reader of everything, and a clerk of every hundredth unit that reports."""
    reader = User.objects.create(username="reader", full_name="Người xem", demo=True)
    Membership.objects.create(user=reader, unit=units[0], role=Role.VIEWER, valid_from=START)
    for unit in [unit for unit in units if unit.reports][:8]:
        clerk = User.objects.create(username=f"clerk-{unit.pk}", full_name=f"Công chức {unit.pk}", demo=True)
        Membership.objects.create(user=clerk, unit=unit, role=Role.CLERK, valid_from=START)
