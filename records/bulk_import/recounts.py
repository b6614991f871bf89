"""`import_recounts`: the real share of each successor in the figures that a split unit had reported."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import transaction

from accounts.models import User
from figures.measures import MEASURES
from figures.periods import Month
from ledger import log
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.errors import ActionRefused
from records.models import DossierCount, Recount, State
from records.storage import column_sums
from spreadsheets.cells import BULK_LIMITS, FileFault, FileFaults, ReadLimits
from spreadsheets.table_reader import InputTable, read_table
from units.lifecycle.imports import ImportResult
from units.models import Succession, Unit
from units.tree.queries import CodeIndex

from .reader import CountReader

SplitNumbers = tuple[int | None, ...]  # in the order of MEASURES


class SplitActual(NamedTuple):
    """The share of each direct successor (by id) in one unit, month and field."""

    old: Unit
    month: Month
    field: int
    parts: Mapping[int, SplitNumbers]


@transaction.atomic
def save_split_actuals(recounts: Sequence[SplitActual], *, by: User | None) -> int:
    """Replace estimates by real numbers, for approved figures only; returns the number of unit-month-fields.

    Errors: ActionRefused, and nothing is written, where successors are missing or wrong, or the parts do not add up.
    """
    for recount in recounts:
        heirs = set(Succession.objects.filter(old=recount.old).values_list("new", flat=True))
        if set(recount.parts) != heirs or len(heirs) < 2:
            raise ActionRefused(
                "recount_heirs",
                f"{recount.old.name}, {recount.month.label}: phải ghi đủ và chỉ ghi các đơn vị kế thừa khi chia tách.",
            )
        reported = reported_numbers(recount.old, recount.month, recount.field)
        wrong = [name for at, name in enumerate(MEASURES) if not _adds_up(recount, at, reported)]
        if wrong:
            raise ActionRefused(
                "recount_sum",
                f"{recount.old.name}, {recount.month.label}: các phần cộng lại khác số đã duyệt ở {', '.join(wrong)}.",
            )
        Recount.objects.filter(old=recount.old, month=recount.month.number, field=recount.field).delete()
        Recount.objects.bulk_create(
            Recount(
                old=recount.old,
                heir_id=heir,
                month=recount.month.number,
                field_id=recount.field,
                **dict(zip(MEASURES, numbers, strict=True)),
            )
            for heir, numbers in recount.parts.items()
        )
        detail = {
            "month": recount.month.number,
            "field": recount.field,
            "parts": [[heir, list(numbers)] for heir, numbers in recount.parts.items()],
        }
        log.append("unit.recount", by=by, subject=f"unit:{recount.old.pk}", detail=detail)
    return len(recounts)


def reported_numbers(old: Unit, month: Month, field: int) -> SplitNumbers | None:
    """The approved numbers of a unit, month and field, all procedures added up; None where there are none."""
    rows = DossierCount.objects.filter(
        edition__state=State.APPROVED,
        edition__submission__unit=old,
        edition__submission__month=month.number,
        field=field,
    )
    sums = next(iter(rows.order_by().values("field").annotate(**column_sums())), None)
    return None if sums is None else tuple(sums[f"sum_{name}"] for name in MEASURES)


def _adds_up(recount: SplitActual, at: int, reported: SplitNumbers | None) -> bool:
    if reported is None:
        return False
    parts = [numbers[at] for numbers in recount.parts.values()]
    if reported[at] is None:
        return all(part is None for part in parts)
    return None not in parts and sum(parts) == reported[at]


COLUMNS = ("unit", "heir", "month", "field", *MEASURES)
NEEDED = ("unit", "heir", "month")


def import_recounts(
    source, filename: str, *, by: User | None, limits: ReadLimits = BULK_LIMITS
) -> ImportResult:
    """Read `unit,heir,month,field` and the measures: `unit` reported the month, `heir` is a successor (a bare code: the
    unit that has it from the day after the old unit ended). All or nothing.
    """
    table = read_table(source, filename, limits=limits)
    faults = FileFaults(table.header_faults(NEEDED, COLUMNS))
    codes, catalogue = CodeIndex(), Catalogue(stored_calendar())
    # A reader for each successor, since a reader refuses a repeated unit, month and field.
    readers: dict[str, CountReader] = defaultdict(lambda: CountReader(catalogue, table.columns))
    parts_by_key: dict[tuple[int, int, int], dict[int, SplitNumbers]] = defaultdict(dict)
    olds: dict[int, Unit] = {}
    for row in table.rows:
        text = row.cells.get("heir") or ""
        for line in readers[text].lines(InputTable(table.columns, iter([row])), faults):
            heir = _successor(codes, text, line.unit)
            if heir is None:
                message = f"Không có đơn vị nào mang mã “{text[:40]}” sau khi {line.unit.name} kết thúc."
                faults.append(row.fault("heir", "unknown_unit", message))
                continue
            olds[line.unit.pk] = line.unit
            parts_by_key[line.unit.pk, line.month, line.field][heir.pk] = line.values
    if not faults:
        recounts = [
            SplitActual(olds[old], Month.from_number(month), field, parts)
            for (old, month, field), parts in parts_by_key.items()
        ]
        try:
            return ImportResult(save_split_actuals(recounts, by=by))
        except ActionRefused as refused:
            # This fault is not of a single row.
            faults.append(FileFault(table.header, "", refused.code, refused.message))
    return ImportResult.refused(faults)


def _successor(codes: CodeIndex, text: str, old: Unit) -> Unit | None:
    """A bare code is the unit that opened with it after the old one ended; CODE@day the unit that had it that day."""
    try:
        if "@" in text:
            return codes.resolve(text, old.active_from)
    except ValueError:
        return None
    last = old.active_until
    return next((holder for holder in codes.holders(text) if last and holder.active_from > last), None)
