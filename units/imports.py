"""Units and successions out of files: every fault at once, all or nothing, the same file again changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from . import actions
from .actions import Link
from .dates import parse_day, write_day
from .models import Unit, User
from .queries import Codes
from .tabular import BULK, Fault, Limits, Row, Table, read_table
from .tree import Draft, Refused, Wrong, day_before, plan

UNIT_COLUMNS = ("code", "name", "kind", "tier", "parent", "active_from", "active_until")
SUCCESSION_COLUMNS = ("old_code", "new_code", "on", "share")
_YES_NO = {"yes": True, "no": False, None: None}


@dataclass
class Result:
    """What an import did: rows written and unchanged, or the faults for which nothing was written."""

    written: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)


def import_units(source, filename: str, *, by: User | None, limits: Limits = BULK) -> Result:
    """Read `code,name,kind,tier,parent,active_from,active_until` and optionally `reports`, and open the units.

    source: path, bytes or binary stream. A unit that is there already stays; a row that only adds its last day
    closes it.
    """
    table = read_table(source, filename, limits=limits, dates=("active_from", "active_until"))
    faults = check_columns(table, UNIT_COLUMNS, ("reports",))
    rows: list[Row] = []
    drafts: list[Draft] = []
    spoiled: set[str | None] = set()
    for row in () if faults else table.rows:
        draft, wrong = _draft(row)
        faults += wrong
        if draft is None:
            spoiled.add(row.cells.get("code"))
        else:
            rows.append(row)
            drafts.append(draft)
    if faults:
        return Result(faults=sorted(faults + _further(drafts, rows, spoiled), key=lambda fault: fault.row))
    try:
        opened = actions.open_units(drafts, by=by, source=Path(filename).name)
    except Refused as refused:
        return Result(faults=_placed(refused.wrongs, rows))
    return Result(len(opened.new) + len(opened.closed), opened.unchanged)


def _further(drafts: list[Draft], rows: list[Row], spoiled: set[str | None]) -> list[Fault]:
    """What the tree's rules say against the readable rows, but for parents that stand in an unreadable row."""
    wrongs = plan(drafts, Unit.objects.all()).wrongs if drafts else []
    return _placed(
        [
            wrong
            for wrong in wrongs
            if wrong.field != "parent" or rows[wrong.index].cells["parent"] not in spoiled
        ],
        rows,
    )


def check_columns(table: Table, needed: Sequence[str], optional: Sequence[str] = ()) -> list[Fault]:
    """Faults of the file itself, missing and unknown columns."""
    if table.faults:
        return list(table.faults)
    faults = [
        Fault(1, name, "missing_column", f"Thiếu cột {name}.") for name in needed if name not in table.columns
    ]
    return faults + [
        Fault(1, name, "unknown_column", f"Không có cột nào tên là {name}.")
        for name in table.columns
        if name not in needed and name not in optional
    ]


def _draft(row: Row) -> tuple[Draft | None, list[Fault]]:
    faults = list(row.faults)
    cells = row.cells
    if not cells:
        return None, faults
    flawed = {fault.column for fault in faults}
    needed = ["code", "name", "kind", "active_from"] + (["tier"] if cells["kind"] != "office" else [])
    faults += [
        row.fault(name, "missing", f"Ô {name} để trống.")
        for name in needed
        if not cells[name] and name not in flawed
    ]
    days = {name: _day(row, name, faults) for name in ("active_from", "active_until")}
    reports = (cells.get("reports") or "").lower() or None
    if reports not in _YES_NO:
        faults.append(row.fault("reports", "bad_value", "Cột reports chỉ nhận yes hoặc no."))
    if faults:
        return None, faults
    draft = Draft(
        code=cells["code"],
        name=cells["name"],
        kind=cells["kind"].lower(),
        tier=(cells["tier"] or "").lower(),
        parent=cells["parent"],
        reports_declared=_YES_NO[reports],
        **days,
    )
    return draft, []


def _day(row: Row, column: str, faults: list[Fault]):
    text = row.cells[column]
    if not text:
        return None
    try:
        return parse_day(text)
    except ValueError as error:
        faults.append(row.fault(column, "bad_date", str(error)))
        return None


def _placed(wrongs: Sequence[Wrong], rows: Sequence[Row], names: dict[str, str] | None = None) -> list[Fault]:
    """Faults of drafts as faults of the rows that they came from, in the order of the file."""
    faults = [
        rows[wrong.index].fault((names or {}).get(wrong.field, wrong.field), wrong.code, wrong.message)
        for wrong in wrongs
    ]
    return sorted(faults, key=lambda fault: fault.row)


def import_successions(source, filename: str, *, by: User | None, limits: Limits = BULK) -> Result:
    """Read `old_code,new_code,on,share`: `on` is the new unit's first day; a bare old code is the unit that holds it on
    the day before. Old units that are still open are closed on that day.
    """
    table = read_table(source, filename, limits=limits, dates=("on",), decimals=("share",))
    faults = check_columns(table, SUCCESSION_COLUMNS)
    rows: list[Row] = []
    links: list[Link] = []
    codes = Codes() if not faults else Codes(())
    for row in () if faults else table.rows:
        link, wrong = _link(row, codes)
        faults += wrong
        if link is not None:
            rows.append(row)
            links.append(link)
    if faults:
        return Result(faults=faults)
    try:
        linked = actions.add_successions(links, by=by, basis="")
    except Refused as refused:
        return Result(faults=_placed(refused.wrongs, rows, {"old": "old_code", "new": "new_code"}))
    return Result(linked.new, linked.unchanged)


def _link(row: Row, codes: Codes) -> tuple[Link | None, list[Fault]]:
    faults = list(row.faults)
    cells = row.cells
    if not cells:
        return None, faults
    flawed = {fault.column for fault in faults}
    faults += [
        row.fault(name, "missing", f"Ô {name} để trống.")
        for name in SUCCESSION_COLUMNS
        if not cells[name] and name not in flawed
    ]
    on = _day(row, "on", faults)
    share = _share(row, faults)
    if on is None or faults:
        return None, faults
    old = _holder(row, "old_code", codes, day_before(on), faults)
    new = _holder(row, "new_code", codes, on, faults)
    if faults or old is None or new is None or share is None:
        return None, faults
    return Link(old, new, on, share), []


def _holder(row: Row, column: str, codes: Codes, day, faults: list[Fault]) -> Unit | None:
    text = row.cells[column]
    try:
        unit = codes.resolve(text if "@" in text else f"{text}@{day.isoformat()}", day)
    except ValueError as error:
        faults.append(row.fault(column, "bad_date", str(error)))
        return None
    if unit is None:
        message = f"Không có đơn vị nào mang mã {text} ngày {write_day(day)}."
        faults.append(row.fault(column, "unknown_unit", message))
    return unit


def _share(row: Row, faults: list[Fault]) -> Fraction | None:
    """`1`, a decimal with a dot or a comma, or a fraction such as 1/3."""
    text = (row.cells["share"] or "").replace(" ", "").replace(",", ".")
    if not text:
        return None
    try:
        if len(text) > 20 or not text.isascii() or not set(text) <= set("0123456789./"):
            raise ValueError(text)
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        faults.append(
            row.fault("share", "bad_share", f"“{text[:20]}” không phải tỷ lệ: ghi 1, 0.5 hoặc 1/3.")
        )
        return None
