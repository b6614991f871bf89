"""`import_successions`: who follows whom, out of a file."""

from datetime import date
from fractions import Fraction

from django.db import transaction

from units import actions
from units.actions import Link
from units.cells import BULK, Limits
from units.dates import write_day
from units.faults import Fault, Faults
from units.models import Succession, Unit, User
from units.queries import Codes, split_code
from units.tabular import read_table
from units.tree import Refused, Wrong, day_before
from units.words import fraction

from .common import Cells, Result, placed

COLUMNS = ("old_code", "new_code", "on", "share")
_LONGEST = Succession._meta.get_field("legal_basis").max_length or 0
_NAMES = {"old": "old_code", "new": "new_code"}


def import_successions(source, filename: str, *, by: User | None, limits: Limits = BULK) -> Result:
    """Read `old_code,new_code,on,share` and optionally `basis`, the legal basis of a link that is new: `on` is the new
    unit's first day; a bare old code is the unit that holds it on the day before. Old units that are still open are
    closed on that day.
    """
    table = read_table(source, filename, limits=limits, dates=("on",), decimals=("share",))
    faults = Faults(table.header_faults(COLUMNS, (*COLUMNS, "basis")))
    absent = set(COLUMNS) - set(table.columns)
    codes = Codes()
    links: list[Link] = []
    cells: list[Cells] = []
    unread: set[str | None] = set()
    for row in table.rows:
        one = Cells(row, faults, absent)
        link = None if row.empty else _link(one, codes)
        if link is not None:
            links.append(link)
            cells.append(one)
        if link is None or one.flawed:
            unread.add(one["old_code"])
    if faults:
        faults += _further(links, cells, unread, codes)
        return Result.refused(faults)
    try:
        linked = actions.add_successions(links, by=by)
    except Refused as refused:
        return Result.refused(Faults(placed(refused.wrongs, [one.row for one in cells], _NAMES)))
    return Result(linked.new, linked.unchanged)


def _further(links: list[Link], cells: list[Cells], unread: set[str | None], codes: Codes) -> list[Fault]:
    """What the rules say against the links that can be read; sums of shares only where no row of the old unit is
    unreadable. Nothing stays written.
    """
    wrongs: list[Wrong] = []
    try:
        with transaction.atomic():
            actions.add_successions(links, by=None)
            transaction.set_rollback(True)
    except Refused as refused:
        wrongs = refused.wrongs
    spoiled = {unit.pk for text in unread if text for unit in _holders(text, codes)}
    told = [
        wrong
        for wrong in wrongs
        if _NAMES.get(wrong.field, wrong.field) not in cells[wrong.index].flawed
        and not (wrong.code == "shares" and (None in unread or links[wrong.index].old.pk in spoiled))
    ]
    return placed(told, [one.row for one in cells], _NAMES)


def _link(cells: Cells, codes: Codes) -> Link | None:
    """The row as a link, whole where only its share cannot be read."""
    cells.need(COLUMNS)
    on = cells.day("on")
    share = _share(cells)
    basis = cells["basis"] or ""
    if len(basis) > _LONGEST:
        cells.blame("basis", "too_long", f"Căn cứ dài quá {_LONGEST} ký tự.")
    old = _holder(cells, "old_code", codes, on and day_before(on))
    new = _holder(cells, "new_code", codes, on)
    if on is None or old is None or new is None:
        return None
    return Link(old, new, on, Fraction(1) if share is None else share, basis[:_LONGEST])


def _holders(text: str, codes: Codes) -> list[Unit]:
    """Everyone who ever holds the code. Errors: none, a bad day after @ does not matter here."""
    return codes.holders(text.partition("@")[0])


def _holder(cells: Cells, column: str, codes: Codes, day: date | None) -> Unit | None:
    """Who holds the code that day; of an unknown day it is only said when nobody ever does."""
    text = cells[column]
    if not text:
        return None
    try:
        named = split_code(text)[1] or day
        if named is None:
            unit, message = None, f"Không có đơn vị nào mang mã {text}."
            if _holders(text, codes):
                return None
        else:
            unit = codes.resolve(text if "@" in text else f"{text}@{named.isoformat()}", named)
            message = f"Không có đơn vị nào mang mã {text} ngày {write_day(named)}."
    except ValueError as error:
        cells.blame(column, "bad_date", str(error))
        return None
    if unit is None:
        cells.blame(column, "unknown_unit", message)
    return unit


def _share(cells: Cells) -> Fraction | None:
    """`1`, a decimal with a dot or a comma, a fraction such as 1/3, or a percentage."""
    text = cells["share"]
    if not text:
        return None
    try:
        return fraction(text)
    except ValueError:
        cells.blame("share", "bad_share", f"“{text[:20]}” không phải tỷ lệ: ghi 1, 0.5, 1/3 hoặc 60%.")
        return None
