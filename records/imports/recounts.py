"""`import_recounts`: what each successor of a split unit really has of the figures reported before, out of a file."""

from collections import defaultdict

from figures.measures import MEASURES
from figures.periods import Month
from records.actions import Refused
from records.actions.recounting import Numbers, Recounted, record_recounts
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from units.cells import BULK, Limits
from units.faults import Fault, Faults
from units.imports.common import Result
from units.models import Unit, User
from units.queries import Codes
from units.tabular import Table, read_table

from .reading import Reader

COLUMNS = ("unit", "heir", "month", "field", *MEASURES)
NEEDED = ("unit", "heir", "month")


def import_recounts(source, filename: str, *, by: User | None, limits: Limits = BULK) -> Result:
    """Read `unit,heir,month,field` and the measures: `unit` is who reported the month, `heir` a successor (a bare code:
    who holds it on the day after the unit ended). All or nothing.
    """
    table = read_table(source, filename, limits=limits)
    faults = Faults(table.header_faults(NEEDED, COLUMNS))
    codes, catalogue = Codes(), Catalogue(calendar())
    # A reader for each successor: the same unit, month and field stand once in each.
    readers: dict[str, Reader] = defaultdict(lambda: Reader(catalogue, table.columns))
    found: dict[tuple[int, int, int], dict[int, Numbers]] = defaultdict(dict)
    olds: dict[int, Unit] = {}
    for row in table.rows:
        text = row.cells.get("heir") or ""
        for line in readers[text].lines(Table(table.columns, iter([row])), faults):
            heir = _heir(codes, text, line.unit)
            if heir is None:
                message = f"Không có đơn vị nào mang mã “{text[:40]}” sau khi {line.unit.name} kết thúc."
                faults.append(row.fault("heir", "unknown_unit", message))
                continue
            olds[line.unit.pk] = line.unit
            found[line.unit.pk, line.month, line.field][heir.pk] = line.values
    if not faults:
        recounts = [
            Recounted(olds[old], Month.from_number(month), field, parts)
            for (old, month, field), parts in found.items()
        ]
        try:
            return Result(record_recounts(recounts, by=by))
        except Refused as refused:
            # The parts of several rows do not go together.
            faults.append(Fault(table.header, "", refused.code, refused.message))
    return Result.refused(faults)


def _heir(codes: Codes, text: str, old: Unit) -> Unit | None:
    """A bare code is the unit that opened with it after the old one; CODE@day the one that held it that day."""
    try:
        if "@" in text:
            return codes.resolve(text, old.active_from)
    except ValueError:
        return None
    last = old.active_until
    return next((one for one in codes.holders(text) if last and one.active_from > last), None)
