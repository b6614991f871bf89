"""`import_units`: the tree of units out of a file."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from units import actions
from units.cells import BULK, Limits
from units.faults import Fault, Faults
from units.models import Kind, Unit, User
from units.queries import split_code
from units.tabular import read_table
from units.tree import Draft, Refused, Wrong, plan
from units.words import canonical

from .common import Cells, Result, placed

COLUMNS = ("code", "name", "kind", "tier", "parent", "active_from", "active_until")
_YES_NO = {"yes": True, "no": False, None: None}
# What can be said of a row by itself, whatever its first day is.
_OF_ONE = frozenset(("bad_code", "bad_name", "unknown_kind", "unknown_tier"))
_SOME_DAY = date(2000, 1, 1)


def import_units(source, filename: str, *, by: User | None, limits: Limits = BULK) -> Result:
    """Read `code,name,kind,tier,parent,active_from,active_until` and optionally `reports`, and open the units. A column
    `key`, as open data has it, says nothing that the others do not say.

    source: path, bytes or binary stream. A unit that is there already stays; a row that only adds its last day
    closes it.
    """
    table = read_table(source, filename, limits=limits, dates=("active_from", "active_until"))
    faults = Faults(table.header_faults(COLUMNS, (*COLUMNS, "reports", "key")))
    absent = set(COLUMNS) - set(table.columns)
    drafts: list[Draft] = []
    cells: list[Cells] = []
    for row in table.rows:
        one = Cells(row, faults, absent)
        if not row.empty:
            cells.append(one)
            drafts.append(_draft(one))
    rows = [one.row for one in cells]
    if faults:
        faults += _further(drafts, cells)
        return Result.refused(faults)
    try:
        opened = actions.open_units(drafts, by=by, source=Path(filename).name)
    except Refused as refused:
        return Result.refused(Faults(placed(refused.wrongs, rows)))
    return Result(len(opened.new) + len(opened.closed), opened.unchanged)


def _draft(cells: Cells) -> Draft:
    """The row as a draft; stand-ins for what is blank or unreadable (which has been blamed)."""
    kind = (cells["kind"] or "").lower()
    cells.need(("code", "name", "kind", "active_from", *(() if kind == Kind.OFFICE else ("tier",))))
    start, end = cells.day("active_from"), cells.day("active_until")
    reports = (cells["reports"] or "").lower() or None
    if reports not in _YES_NO:
        cells.blame("reports", "bad_value", "Cột reports chỉ nhận yes hoặc no.")
    return Draft(
        code=cells["code"] or "-",
        name=cells["name"] or "-",
        kind=kind or Kind.COMMITTEE,
        tier=(cells["tier"] or "").lower(),
        parent=cells["parent"],
        active_from=start or _SOME_DAY,
        active_until=end,
        reports_declared=_YES_NO.get(reports),
    )


def _further(drafts: list[Draft], cells: list[Cells]) -> list[Fault]:
    """What the tree's rules say beside unreadable cells, but for what may come from those cells."""
    placeable = [at for at, one in enumerate(cells) if not one.flawed & {"code", "active_from"}]
    spoiled = {canonical(drafts[at].code) for at, one in enumerate(cells) if one.flawed - {""}}
    existing = list(Unit.objects.all())
    known = {canonical(unit.code) for unit in existing} | {canonical(draft.code) for draft in drafts}
    found: list[Wrong] = []
    for at, column, code, message in _planned(placeable, drafts, existing):
        above = _code(drafts[at].parent)
        if not (
            column == "parent" and above in spoiled or code == "code_overlap" and _own(drafts, at) & spoiled
        ):
            found.append(Wrong(at, column, code, message))
    alone = sorted(set(range(len(drafts))) - set(placeable))
    for at, column, code, message in _planned(alone, drafts, []):
        unheard_of = code == "unknown_unit" and _code(drafts[at].parent) not in known
        if code in _OF_ONE or unheard_of:
            found.append(Wrong(at, column, code, message))
    told = [wrong for wrong in found if wrong.field not in _blamed(cells[wrong.index])]
    return placed(told, [one.row for one in cells])


def _planned(places: Sequence[int], drafts: list[Draft], existing: list[Unit]) -> list[Wrong]:
    """The faults of some drafts, by their places among all."""
    wrongs = plan([drafts[at] for at in places], existing).wrongs if places else []
    return [wrong._replace(index=places[wrong.index]) for wrong in wrongs]


def _own(drafts: list[Draft], at: int) -> set[str]:
    return {canonical(drafts[at].code)}


def _code(parent: str | Unit | None) -> str:
    """The code of a parent as written; "" where it cannot be read."""
    try:
        return split_code(parent)[0] if isinstance(parent, str) else ""
    except ValueError:
        return ""


def _blamed(cells: Cells) -> set[str]:
    """Columns of which nothing more is said: of an unknown kind, tier and parent are unknown too."""
    return cells.flawed | ({"tier", "parent"} if "kind" in cells.flawed else set())
