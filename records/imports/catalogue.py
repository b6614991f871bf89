"""`import_catalogue`: fields and procedures with who reports them, from when, and through which channels.

A row adds what is not there yet. A row that is there with the same tier, first day and units is brought up to date
(name, last day, channels, level, posting); the same file again changes nothing. A row that names a unit goes on for its
successors, which the file need not name.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction

from ledger import log
from records import sums
from records.actions import naming
from records.models import DossierCount, Field, FieldScope, Procedure, ProcedureScope
from records.queries.named_units import MODELS, own, successors_of
from units.cells import BULK, Limits
from units.faults import Faults
from units.models import User
from units.tabular import read_table

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
    heirs = successors_of({unit for entry in entries for unit in entry.units})
    known = {model: _known(model, heirs) for model in MODELS}
    written: list[Any] = []
    for entry in entries:
        changed = _field(entry, fields)
        if entry.procedure:
            changed |= _procedure(entry, fields, procedures)
            target = {"procedure_id": procedures[entry.procedure].pk}
            more = {"online_level": entry.online_level, "posted": entry.posted}
            scope = _scope(entry, ProcedureScope, target, more, known[ProcedureScope], heirs)
        else:
            target = {"field_id": fields[entry.field].pk}
            scope = _scope(entry, FieldScope, target, {}, known[FieldScope], heirs)
        if scope is not None:
            written.append(scope)
            changed = True
        report.written += changed
        report.unchanged += not changed
    naming.follow_recorded(written)
    return report


def _known(model: Any, heirs: Mapping[int, set[int]]) -> dict[tuple, Any]:
    """Scopes by what identifies them: target, tier, first day, units that they name by themselves."""
    target = "field_id" if model is FieldScope else "procedure_id"
    return {
        (
            getattr(scope, target),
            scope.tier,
            scope.valid_from,
            own((unit.pk for unit in scope.units.all()), heirs),
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
    entry: Entry,
    model: Any,
    target: dict[str, int],
    more: dict[str, Any],
    known: dict[tuple, Any],
    heirs: Mapping[int, set[int]],
) -> Any:
    """The scope that is new or was changed; None where it says the same already."""
    wanted = {"channels": entry.channels, "valid_until": entry.end, **more}
    key = (*target.values(), entry.tier, entry.start, own(entry.units, heirs))
    scope = known.get(key)
    if scope is None:
        scope = model.objects.create(**target, tier=entry.tier, valid_from=entry.start, **wanted)
        scope.units.set(entry.units)
        known[key] = scope
        return scope
    if all(getattr(scope, name) == value for name, value in wanted.items()):
        return None
    for name, value in wanted.items():
        setattr(scope, name, value)
    scope.save()
    return scope
