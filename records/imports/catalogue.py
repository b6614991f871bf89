"""`import_catalogue`: fields and procedures with who reports them, from when, and through which channels.

A row adds what is not there yet. A row that is there with the same tier, first day and units is brought up to date
(name, last day, channels, level, posting); the same file again changes nothing.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction

from ledger import log
from records import sums
from records.models import DossierCount, Field, FieldScope, Procedure, ProcedureScope
from units.models import User
from units.tabular import BULK, Faults, Limits, read_table

from .catalogue_rows import NEEDED, OPTIONAL, Entry, conflicts, read_entries
from .report import Report


def import_catalogue(
    source: str | Path | bytes | BinaryIO,
    filename: str,
    *,
    at: datetime,
    by: User | None = None,
    limits: Limits = BULK,
) -> Report:
    """Read one file and write it when nothing is wrong with it."""
    table = read_table(source, filename, limits=limits, dates=("valid_from", "valid_until"))
    errors = Faults(table.header_faults(NEEDED, (*NEEDED, *OPTIONAL)))
    entries = read_entries(table, errors)
    errors += conflicts(entries)
    name = Path(filename).name
    if errors:
        return Report.of(name, errors, Faults())
    with transaction.atomic():
        report = _write(entries)
        if report.written:
            if DossierCount.objects.exists():
                # What is served or expected may have changed under figures that are there.
                sums.recount()
            detail = {"file": name, "written": report.written}
            log.append("catalogue.import", by=by, subject=f"file:{name}"[:200], detail=detail, at=at)
    return report


def _write(entries: list[Entry]) -> Report:
    report = Report()
    fields = {one.code: one for one in Field.objects.all()}
    procedures = {one.code: one for one in Procedure.objects.all()}
    known = {
        model: _known(model, target)
        for model, target in ((FieldScope, "field_id"), (ProcedureScope, "procedure_id"))
    }
    for entry in entries:
        changed = _field(entry, fields)
        if entry.procedure:
            changed |= _procedure(entry, fields, procedures)
            target = {"procedure_id": procedures[entry.procedure].pk}
            more = {"online_level": entry.online_level, "posted": entry.posted}
            changed |= _scope(entry, ProcedureScope, target, more, known[ProcedureScope])
        else:
            changed |= _scope(entry, FieldScope, {"field_id": fields[entry.field].pk}, {}, known[FieldScope])
        report.written += changed
        report.unchanged += not changed
    return report


def _known(model: Any, target: str) -> dict[tuple, Any]:
    """Scopes by what identifies them: target, tier, first day, units."""
    return {
        (
            getattr(scope, target),
            scope.tier,
            scope.valid_from,
            tuple(sorted(unit.pk for unit in scope.units.all())),
        ): scope
        for scope in model.objects.prefetch_related("units")
    }


def _field(entry: Entry, fields: dict[str, Field]) -> bool:
    field = fields.get(entry.field)
    if field is None:
        order = max((one.order for one in fields.values()), default=0) + 1
        fields[entry.field] = Field.objects.create(code=entry.field, name=entry.field_name, order=order)
        return True
    if entry.field_name in ("", field.name):
        return False
    field.name = entry.field_name
    field.save(update_fields=["name"])
    return True


def _procedure(entry: Entry, fields: dict[str, Field], procedures: dict[str, Procedure]) -> bool:
    procedure = procedures.get(entry.procedure)
    if procedure is None:
        procedures[entry.procedure] = Procedure.objects.create(
            code=entry.procedure, name=entry.procedure_name, field=fields[entry.field]
        )
        return True
    if entry.procedure_name in ("", procedure.name):
        return False
    procedure.name = entry.procedure_name
    procedure.save(update_fields=["name"])
    return True


def _scope(
    entry: Entry, model: Any, target: dict[str, int], more: dict[str, Any], known: dict[tuple, Any]
) -> bool:
    wanted = {"channels": entry.channels, "valid_until": entry.end, **more}
    key = (*target.values(), entry.tier, entry.start, entry.units)
    scope = known.get(key)
    if scope is None:
        scope = model.objects.create(**target, tier=entry.tier, valid_from=entry.start, **wanted)
        scope.units.set(entry.units)
        known[key] = scope
        return True
    if all(getattr(scope, name) == value for name, value in wanted.items()):
        return False
    for name, value in wanted.items():
        setattr(scope, name, value)
    scope.save()
    return True
