"""Imports units and successions from files: all or nothing, every fault at once, idempotent. Also the base of the
import commands (exit codes: 0 done, 1 refused, 2 wrong usage).
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path

from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.models import User
from core.command import existing_path, user_or_error
from core.dates import day_before, format_day, parse_day
from core.text import canonical_text, parse_fraction
from spreadsheets.cells import BULK_LIMITS, FileFault, FileFaults, ReadLimits
from spreadsheets.table_reader import TableRow, read_table
from units.models import Succession, Unit, UnitKind
from units.tree.details import IN_FILES, UnitDetail
from units.tree.queries import CodeIndex, split_code
from units.tree.rules import DraftFault, TreeRefused, UnitDraft, plan_drafts

from . import actions, successor_links
from .successor_links import SuccessionLink


class ImportCommand(BaseCommand):
    """Subclasses give `run(source, filename, by=)`."""

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="tệp CSV hoặc XLSX")
        parser.add_argument("--by", metavar="USER", help="tên đăng nhập của người nhập (ghi vào nhật ký)")

    def handle(self, *args, file, by, **options):
        path = existing_path(file)
        result = self.run(path, path.name, by=user_or_error(by or None))
        for fault in result.faults:
            self.stderr.write(f"{path.name}: {fault}")
        if result.faults:
            self.stderr.write(f"Có {result.total} lỗi; chưa ghi gì.")
            sys.exit(1)
        self.stdout.write(f"Đã ghi {result.written} dòng, {result.unchanged} dòng không thay đổi.")


@dataclass
class ImportResult:
    """Rows written and unchanged, or the faults for which nothing was written."""

    written: int = 0
    unchanged: int = 0
    faults: list[FileFault] = field(default_factory=list)
    total: int = 0  # faults, including those not listed

    @classmethod
    def refused(cls, faults: FileFaults) -> "ImportResult":
        """The result of a refused file; faults in the order of the file."""
        return cls(faults=faults.listed(), total=faults.total)


class RowCells:
    """Parses the cells of a row; adds at most one fault per column to `faults`."""

    def __init__(self, row: TableRow, faults: FileFaults, absent: Iterable[str] = ()) -> None:
        """absent: columns missing in the file, which have a fault of the header already."""
        self.row, self.faults = row, faults
        self.faults += row.faults
        self.flawed = {fault.column for fault in row.faults} | set(absent)

    def __getitem__(self, column: str) -> str | None:
        return self.row.cells.get(column)

    def blame(self, column: str, code: str, message: str) -> None:
        """Add a fault, unless the column has one already."""
        if column not in self.flawed:
            self.flawed.add(column)
            self.faults.append(self.row.fault(column, code, message))

    def need(self, columns: Iterable[str]) -> None:
        """Add a fault for each blank column."""
        for column in columns:
            if not self[column]:
                self.blame(column, "missing", f"Ô {column} để trống.")

    def day(self, column: str) -> date | None:
        """The cell as a day; None for a blank, and (with a fault) for an invalid day."""
        text = self[column]
        if not text:
            return None
        try:
            return parse_day(text)
        except ValueError as error:
            self.blame(column, "bad_date", str(error))
            return None


def faults_in_rows(
    wrongs: Sequence[DraftFault], rows: Sequence[TableRow], names: dict[str, str] | None = None
) -> list[FileFault]:
    """Faults of drafts as faults of the rows that they came from."""
    return [
        rows[wrong.index].fault((names or {}).get(wrong.field, wrong.field), wrong.code, wrong.message)
        for wrong in wrongs
    ]


UNIT_COLUMNS = ("code", "name", "kind", "tier", "parent", "active_from", "active_until")
_YES_NO = {"yes": True, "no": False, None: None}
# Faults that do not depend on other rows or the first day.
_FAULTS_OF_ROW = frozenset(("bad_code", "bad_name", "unknown_kind", "unknown_tier"))
_SOME_DAY = date(2000, 1, 1)


def import_units(source, filename: str, *, by: User | None, limits: ReadLimits = BULK_LIMITS) -> ImportResult:
    """Read `code,name,kind,tier,parent,active_from,active_until`, optionally `reports` and the texts of
    units.tree.details, and open the units. A column `key`, as in the open data, is ignored.

    source: path, bytes or binary stream. Existing units stay; a row that only adds a last day closes its unit.
    """
    table = read_table(source, filename, limits=limits, dates=("active_from", "active_until"))
    faults = FileFaults(
        table.header_faults(
            UNIT_COLUMNS, (*UNIT_COLUMNS, "reports", *(detail.name for detail in IN_FILES), "key")
        )
    )
    absent = set(UNIT_COLUMNS) - set(table.columns)
    drafts: list[UnitDraft] = []
    cells: list[RowCells] = []
    for row in table.rows:
        row_cells = RowCells(row, faults, absent)
        if not row.empty:
            cells.append(row_cells)
            drafts.append(_draft(row_cells))
    rows = [cell.row for cell in cells]
    if faults:
        faults += _tree_faults(drafts, cells)
        return ImportResult.refused(faults)
    try:
        opened = actions.open_units(drafts, by=by, source=Path(filename).name)
    except TreeRefused as refused:
        return ImportResult.refused(FileFaults(faults_in_rows(refused.wrongs, rows)))
    return ImportResult(len(opened.new) + len(opened.closed), opened.unchanged)


def _draft(cells: RowCells) -> UnitDraft:
    """The row as a draft, with placeholders for blank or unreadable cells (which have a fault)."""
    kind = (cells["kind"] or "").lower()
    cells.need(("code", "name", "kind", "active_from", *(() if kind == UnitKind.OFFICE else ("tier",))))
    start, end = cells.day("active_from"), cells.day("active_until")
    reports = (cells["reports"] or "").lower() or None
    if reports not in _YES_NO:
        cells.blame("reports", "bad_value", "Cột reports chỉ nhận yes hoặc no.")
    return UnitDraft(
        code=cells["code"] or "-",
        name=cells["name"] or "-",
        kind=kind or UnitKind.COMMITTEE,
        tier=(cells["tier"] or "").lower(),
        parent=cells["parent"],
        active_from=start or _SOME_DAY,
        active_until=end,
        reports_declared=_YES_NO.get(reports),
        **{detail.name: _text(cells, detail) for detail in IN_FILES},
    )


def _text(cells: RowCells, detail: UnitDetail) -> str:
    text = cells[detail.name] or ""
    if len(text) > detail.longest:
        cells.blame(detail.name, "too_long", f"{detail.label} dài quá {detail.longest} ký tự.")
    return text


def _tree_faults(drafts: list[UnitDraft], cells: list[RowCells]) -> list[FileFault]:
    """Faults by the rules of the tree that do not come from unreadable cells."""
    placeable = [at for at, row_cells in enumerate(cells) if not row_cells.flawed & {"code", "active_from"}]
    spoiled = {
        canonical_text(drafts[at].code) for at, row_cells in enumerate(cells) if row_cells.flawed - {""}
    }
    existing = list(Unit.objects.all())
    codes = {canonical_text(unit.code) for unit in existing} | {
        canonical_text(draft.code) for draft in drafts
    }
    candidates: list[DraftFault] = []
    for at, column, code, message in _planned(placeable, drafts, existing):
        above = _code(drafts[at].parent)
        if not (
            column == "parent" and above in spoiled or code == "code_overlap" and _own(drafts, at) & spoiled
        ):
            candidates.append(DraftFault(at, column, code, message))
    alone = sorted(set(range(len(drafts))) - set(placeable))
    for at, column, code, message in _planned(alone, drafts, []):
        unheard_of = code == "unknown_unit" and _code(drafts[at].parent) not in codes
        if code in _FAULTS_OF_ROW or unheard_of:
            candidates.append(DraftFault(at, column, code, message))
    faults = [wrong for wrong in candidates if wrong.field not in _blamed(cells[wrong.index])]
    return faults_in_rows(faults, [cell.row for cell in cells])


def _planned(places: Sequence[int], drafts: list[UnitDraft], existing: list[Unit]) -> list[DraftFault]:
    """The faults of some drafts (indexes)."""
    wrongs = plan_drafts([drafts[at] for at in places], existing).wrongs if places else []
    return [wrong._replace(index=places[wrong.index]) for wrong in wrongs]


def _own(drafts: list[UnitDraft], at: int) -> set[str]:
    return {canonical_text(drafts[at].code)}


def _code(parent: str | Unit | None) -> str:
    """The code of a parent; "" if it cannot be parsed."""
    try:
        return split_code(parent)[0] if isinstance(parent, str) else ""
    except ValueError:
        return ""


def _blamed(cells: RowCells) -> set[str]:
    """Columns that get no more faults: with an unknown kind also tier and parent."""
    return cells.flawed | ({"tier", "parent"} if "kind" in cells.flawed else set())


SUCCESSION_COLUMNS = ("old_code", "new_code", "on", "share")
_LONGEST = Succession._meta.get_field("legal_basis").max_length or 0
_NAMES = {"old": "old_code", "new": "new_code"}


def import_successions(
    source, filename: str, *, by: User | None, limits: ReadLimits = BULK_LIMITS
) -> ImportResult:
    """Read `old_code,new_code,on,share` and optionally `basis`, the legal basis of a new link. `on` is the new unit's
    first day; an old code without @day is looked up on the day before, and old units still open are closed then.
    """
    table = read_table(source, filename, limits=limits, dates=("on",), decimals=("share",))
    faults = FileFaults(table.header_faults(SUCCESSION_COLUMNS, (*SUCCESSION_COLUMNS, "basis")))
    absent = set(SUCCESSION_COLUMNS) - set(table.columns)
    codes = CodeIndex()
    links: list[SuccessionLink] = []
    cells: list[RowCells] = []
    unread: set[str | None] = set()
    for row in table.rows:
        row_cells = RowCells(row, faults, absent)
        link = None if row.empty else _link(row_cells, codes)
        if link is not None:
            links.append(link)
            cells.append(row_cells)
        if link is None or row_cells.flawed:
            unread.add(row_cells["old_code"])
    if faults:
        faults += _link_faults(links, cells, unread, codes)
        return ImportResult.refused(faults)
    try:
        linked = successor_links.add_successions(links, by=by)
    except TreeRefused as refused:
        return ImportResult.refused(
            FileFaults(faults_in_rows(refused.wrongs, [cell.row for cell in cells], _NAMES))
        )
    return ImportResult(linked.new, linked.unchanged)


def _link_faults(
    links: list[SuccessionLink], cells: list[RowCells], unread: set[str | None], codes: CodeIndex
) -> list[FileFault]:
    """Faults of the links that can be read; of share sums only if all rows of the old unit can be read."""
    wrongs: list[DraftFault] = []
    try:
        with transaction.atomic():
            successor_links.add_successions(links, by=None)
            transaction.set_rollback(True)
    except TreeRefused as refused:
        wrongs = refused.wrongs
    spoiled = {unit.pk for text in unread if text for unit in _holders(text, codes)}
    faults = [
        wrong
        for wrong in wrongs
        if _NAMES.get(wrong.field, wrong.field) not in cells[wrong.index].flawed
        and not (wrong.code == "shares" and (None in unread or links[wrong.index].old.pk in spoiled))
    ]
    return faults_in_rows(faults, [cell.row for cell in cells], _NAMES)


def _link(cells: RowCells, codes: CodeIndex) -> SuccessionLink | None:
    """The row as a link; share 1 if only the share cannot be read."""
    cells.need(SUCCESSION_COLUMNS)
    on = cells.day("on")
    share = _share(cells)
    basis = cells["basis"] or ""
    if len(basis) > _LONGEST:
        cells.blame("basis", "too_long", f"Căn cứ dài quá {_LONGEST} ký tự.")
    old = _holder(cells, "old_code", codes, on and day_before(on))
    new = _holder(cells, "new_code", codes, on)
    if on is None or old is None or new is None:
        return None
    return SuccessionLink(old, new, on, Fraction(1) if share is None else share, basis[:_LONGEST])


def _holders(text: str, codes: CodeIndex) -> list[Unit]:
    """All units that ever have the code; a day after @ is ignored."""
    return codes.holders(text.partition("@")[0])


def _holder(cells: RowCells, column: str, codes: CodeIndex, day: date | None) -> Unit | None:
    """The unit with the code that day, else a fault; without a day only if no unit ever has the code."""
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
            message = f"Không có đơn vị nào mang mã {text} ngày {format_day(named)}."
    except ValueError as error:
        cells.blame(column, "bad_date", str(error))
        return None
    if unit is None:
        cells.blame(column, "unknown_unit", message)
    return unit


def _share(cells: RowCells) -> Fraction | None:
    """`1`, a decimal with a dot or a comma, a fraction such as 1/3, or a percentage."""
    text = cells["share"]
    if not text:
        return None
    try:
        return parse_fraction(text)
    except ValueError:
        cells.blame("share", "bad_share", f"“{text[:20]}” không phải tỷ lệ: ghi 1, 0.5, 1/3 hoặc 60%.")
        return None
