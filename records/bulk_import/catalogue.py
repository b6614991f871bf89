"""`import_catalogue`: fields and procedures with who reports them, from when, and through which channels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction

from accounts.models import User
from core.dates import parse_day
from core.text import canonical_text
from figures.measures import CHANNELS
from ledger import log
from records.models import DossierCount, Field, FieldScope, OnlineLevel, Procedure, ProcedureScope
from records.stored_sums import recount
from records.succession import inherited_scopes
from records.succession.inherited_scopes import SCOPE_MODELS, own_unit_ids, successor_ids
from spreadsheets.cells import BULK_LIMITS, FileFault, FileFaults
from spreadsheets.table_reader import InputTable, TableRow, read_table
from units.models import Tier, Unit
from units.tree.queries import CodeIndex

from .counts import ImportReport

NEEDED = ("field", "field_name", "procedure", "procedure_name", "tier", "valid_from")
OPTIONAL = ("online_level", "posted", "valid_until", "units", "channels")
_IDENTITY = frozenset(("field", "procedure", "tier", "valid_from", "units"))
_LONGEST_CODE = 64
# Called with column, code and message of a fault in the current row.
Wrong = Callable[[str, str, str], None]
_POSTED = {"yes": True, "no": False, "": None}


@dataclass(frozen=True)
class CatalogueEntry:
    """One row; `flawed` names the columns that cannot be read (their faults are reported)."""

    row: TableRow
    field: str
    field_name: str
    procedure: str
    procedure_name: str
    tier: str
    online_level: str
    posted: bool | None
    start: date | None  # None only where it cannot be read
    end: date | None
    units: tuple[int, ...]
    channels: str
    flawed: frozenset[str]


def read_catalogue_entries(table: InputTable, errors: FileFaults) -> list[CatalogueEntry]:
    codes = CodeIndex()
    absent = frozenset(name for name in NEEDED if name not in table.columns)
    entries = []
    for row in table.rows:
        errors += row.faults
        if not row.empty and not errors.full:
            entries.append(_entry(row, absent, codes, errors))
    return entries


def _entry(row: TableRow, absent: frozenset[str], codes: CodeIndex, errors: FileFaults) -> CatalogueEntry:
    """The row as far as it can be read; at most one fault a column."""
    cells = {name: (row.cells.get(name) or "") for name in (*NEEDED, *OPTIONAL)}
    flawed = {fault.column for fault in row.faults} | absent

    def wrong(column: str, code: str, message: str) -> None:
        if column not in flawed:
            errors.append(row.fault(column, code, message))
            faulty.add(column)

    faulty: set[str] = set()
    field, procedure = canonical_text(cells["field"]), canonical_text(cells["procedure"])
    _names(cells, field, procedure, wrong)
    _choice(cells["tier"], Tier.values, "tier", "cấp", wrong)
    _choice(cells["online_level"], OnlineLevel.values, "online_level", "mức độ trực tuyến", wrong)
    _choice(cells["posted"], ("yes", "no"), "posted", "giá trị", wrong)
    channels = cells["channels"].split()
    for channel in channels:
        _choice(channel, CHANNELS, "channels", "hình thức", wrong)
    start, end = _dates(cells, wrong)
    units = _units(cells["units"], codes, start, wrong)
    return CatalogueEntry(
        row,
        field,
        cells["field_name"],
        procedure,
        cells["procedure_name"],
        cells["tier"],
        cells["online_level"],
        _POSTED.get(cells["posted"]),
        start,
        end,
        units,
        " ".join(channel for channel in CHANNELS if channel in channels),
        frozenset(flawed | faulty),
    )


def _names(cells: dict[str, str], field: str, procedure: str, wrong: Wrong) -> None:
    """Checks codes and names for length and blanks."""
    for column, code in (("field", field), ("procedure", procedure)):
        if len(code) > _LONGEST_CODE or " " in code:
            wrong(column, "bad_code", "Mã không quá 64 ký tự và không có dấu cách.")
    if not field:
        wrong("field", "missing", "Thiếu mã lĩnh vực.")
    for column, longest in (("field_name", 200), ("procedure_name", 500)):
        if len(cells[column]) > longest:
            wrong(column, "too_long", f"Tên dài hơn {longest} ký tự.")


def _dates(cells: dict[str, str], wrong: Wrong) -> tuple[date | None, date | None]:
    """First and last day; a row needs its first."""
    start, end = (_day(cells[name], name, wrong) for name in ("valid_from", "valid_until"))
    if not cells["valid_from"]:
        wrong("valid_from", "missing", "Thiếu ngày bắt đầu áp dụng.")
    if start is not None and end is not None and end < start:
        wrong("valid_until", "dates", "Ngày hết áp dụng phải từ ngày bắt đầu trở đi.")
    return start, end


def _choice(text: str, allowed: Sequence[str], column: str, what: str, wrong: Wrong) -> None:
    if text and text not in allowed:
        wrong(column, f"unknown_{column}", f"Không có {what} “{text[:40]}”: dùng {', '.join(allowed)}.")


def _day(text: str, column: str, wrong: Wrong) -> date | None:
    try:
        return parse_day(text) if text else None
    except ValueError as error:
        wrong(column, "bad_date", str(error))
        return None


def _units(text: str, codes: CodeIndex, on: date | None, wrong: Wrong) -> tuple[int, ...]:
    """Units by their codes on the first day of the row (CODE@day: on another day). Without a readable first day only a
    code that nobody ever had is a fault.
    """
    unit_ids = set()
    for code in text.split():
        try:
            unit: Unit | None = codes.resolve(code, on or date.max)
        except ValueError as error:
            wrong("units", "bad_date", str(error))
            continue
        if unit is None:
            wrong("units", "unknown_unit", f"Không có đơn vị nào mang mã “{code[:40]}”.")
        else:
            unit_ids.add(unit.pk)
    return tuple(sorted(unit_ids))


def catalogue_conflicts(entries: list[CatalogueEntry]) -> list[FileFault]:
    """Repeated rows, and a code or name that means two things within the file or against the database."""
    faults = []
    first_rows: dict[tuple, int] = {}
    field_of = dict(Procedure.objects.values_list("code", "field__code"))
    field_codes = set(Field.objects.values_list("code", flat=True))
    for entry in entries:
        key = (entry.field, entry.procedure, entry.tier, entry.start, entry.units)
        first = first_rows.setdefault(key, entry.row.number)
        if first != entry.row.number and not entry.flawed & _IDENTITY:
            faults.append(entry.row.fault("", "repeated_row", f"Dòng này lặp lại dòng {first}."))
        if (
            entry.field not in field_codes
            and not entry.field_name
            and not entry.flawed & {"field", "field_name"}
        ):
            faults.append(entry.row.fault("field_name", "missing", "Lĩnh vực mới phải có tên."))
        field_codes.add(entry.field)
        if not entry.procedure:
            continue
        if (
            entry.procedure not in field_of
            and not entry.procedure_name
            and not entry.flawed & {"procedure", "procedure_name"}
        ):
            faults.append(entry.row.fault("procedure_name", "missing", "Thủ tục mới phải có tên."))
        if entry.flawed & {"field", "procedure"}:
            continue
        if field_of.setdefault(entry.procedure, entry.field) != entry.field:
            message = f"Thủ tục {entry.procedure} đã thuộc lĩnh vực {field_of[entry.procedure]}."
            faults.append(entry.row.fault("field", "differs", message))
    return faults


def import_catalogue(
    source: str | Path | bytes | BinaryIO,
    filename: str,
    *,
    at: datetime,
    by: User | None = None,
) -> ImportReport:
    """Read one file and write all of it, or nothing when it has a fault."""
    table = read_table(source, filename, limits=BULK_LIMITS, dates=("valid_from", "valid_until"))
    errors = FileFaults(table.header_faults(NEEDED, (*NEEDED, *OPTIONAL)))
    entries = read_catalogue_entries(table, errors)
    errors += catalogue_conflicts(entries)
    name = Path(filename).name
    if errors:
        return ImportReport.of(name, errors, FileFaults())
    with transaction.atomic():
        report = _write(entries)
        if report.written:
            if DossierCount.objects.exists():
                # The catalogue decides what stored figures leave blank and what is missing.
                recount.recount_sums()
            detail = {"file": name, "written": report.written}
            log.append("catalogue.import", by=by, subject=f"file:{name}"[:200], detail=detail, at=at)
    return report


def _write(entries: list[CatalogueEntry]) -> ImportReport:
    report = ImportReport()
    fields = {field.code: field for field in Field.objects.all()}
    procedures = {procedure.code: procedure for procedure in Procedure.objects.all()}
    heirs = successor_ids({unit for entry in entries for unit in entry.units})
    scopes = {model: _scopes_by_key(model, heirs) for model in SCOPE_MODELS}
    written: list[Any] = []
    for entry in entries:
        changed = _field(entry, fields)
        if entry.procedure:
            changed |= _procedure(entry, fields, procedures)
            target = {"procedure_id": procedures[entry.procedure].pk}
            more = {"online_level": entry.online_level, "posted": entry.posted}
            scope = _scope(entry, ProcedureScope, target, more, scopes[ProcedureScope], heirs)
        else:
            target = {"field_id": fields[entry.field].pk}
            scope = _scope(entry, FieldScope, target, {}, scopes[FieldScope], heirs)
        if scope is not None:
            written.append(scope)
            changed = True
        report.written += changed
        report.unchanged += not changed
    inherited_scopes.extend_recorded_scopes(written)
    return report


def _scopes_by_key(model: Any, heirs: Mapping[int, set[int]]) -> dict[tuple, Any]:
    """Scopes by target, tier, first day and the units that they name without those inherited."""
    target = "field_id" if model is FieldScope else "procedure_id"
    return {
        (
            getattr(scope, target),
            scope.tier,
            scope.valid_from,
            own_unit_ids((unit.pk for unit in scope.units.all()), heirs),
        ): scope
        for scope in model.objects.prefetch_related("units")
    }


def _field(entry: CatalogueEntry, fields: dict[str, Field]) -> bool:
    field = fields.get(entry.field)
    if field is None:
        order = max((field.order for field in fields.values()), default=0) + 1
        fields[entry.field] = Field.objects.create(code=entry.field, name=entry.field_name, order=order)
        return True
    return _renamed(field, entry.field_name)


def _procedure(entry: CatalogueEntry, fields: dict[str, Field], procedures: dict[str, Procedure]) -> bool:
    procedure = procedures.get(entry.procedure)
    if procedure is None:
        procedures[entry.procedure] = Procedure.objects.create(
            code=entry.procedure, name=entry.procedure_name, field=fields[entry.field]
        )
        return True
    return _renamed(procedure, entry.procedure_name)


def _renamed(row: Field | Procedure, name: str) -> bool:
    if name in ("", row.name):
        return False
    row.name = name
    row.save(update_fields=["name"])
    return True


def _scope(
    entry: CatalogueEntry,
    model: Any,
    target: dict[str, int],
    more: dict[str, Any],
    scopes: dict[tuple, Any],
    heirs: Mapping[int, set[int]],
) -> Any:
    """The scope that was created or changed; None where nothing changed."""
    content = {"channels": entry.channels, "valid_until": entry.end, **more}
    key = (*target.values(), entry.tier, entry.start, own_unit_ids(entry.units, heirs))
    scope = scopes.get(key)
    if scope is None:
        scope = model.objects.create(**target, tier=entry.tier, valid_from=entry.start, **content)
        scope.units.set(entry.units)
        scopes[key] = scope
        return scope
    if all(getattr(scope, name) == value for name, value in content.items()):
        return None
    for name, value in content.items():
        setattr(scope, name, value)
    scope.save()
    return scope
