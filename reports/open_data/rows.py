"""The rows of the open data, read a few at a time."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.timezone import localdate

from figures.measures import MEASURES
from figures.periods import Month
from records.models import (
    DossierCount,
    Field,
    FieldScope,
    Indicator,
    IndicatorValue,
    Procedure,
    ProcedureScope,
    State,
    Submission,
)
from reports.models import Review, ReviewState
from units.models import Succession, Unit
from units.tree.details import IN_FILES, detail_texts
from units.tree.queries import unit_key

Row = tuple[Any, ...]

CHUNK = 2_000


def _keys() -> dict[int, str]:
    rows = Unit.objects.values_list("pk", "code", "active_from")
    return {pk: unit_key(code, start) for pk, code, start in rows.iterator(CHUNK)}


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def units() -> Iterator[Row]:
    """Parents first."""
    keys = _keys()
    for one in Unit.objects.order_by("depth", "pk").iterator(CHUNK):
        yield (
            keys[one.pk],
            one.code,
            one.name,
            one.kind,
            one.tier,
            keys.get(one.parent_id, ""),
            _day(one.active_from),
            _day(one.active_until),
            _yes(one.reports_declared),
            *detail_texts(one, IN_FILES).values(),
        )


def successions() -> Iterator[Row]:
    """In the order of their days."""
    keys = _keys()
    for one in Succession.objects.order_by("on", "pk").iterator(CHUNK):
        top, bottom = one.share_numerator, one.share_denominator
        share = str(top) if bottom == 1 else f"{top}/{bottom}"
        yield keys[one.old_id], keys[one.new_id], _day(one.on), share, one.legal_basis


def catalogue() -> Iterator[Row]:
    """Fields, then procedures, each with who reports it, from when and through which channels."""
    keys = _keys()
    for scope in FieldScope.objects.select_related("field").prefetch_related("units").order_by("pk"):
        yield (scope.field.code, scope.field.name, "", "", scope.tier, "", "", *_dated(scope, keys))
    scopes = ProcedureScope.objects.select_related("procedure__field").prefetch_related("units")
    for scope in scopes.order_by("pk"):
        own, of = scope.procedure, scope.procedure.field
        level, posted = scope.online_level, _yes(scope.posted)
        yield (of.code, of.name, own.code, own.name, scope.tier, level, posted, *_dated(scope, keys))


def _dated(scope: Any, keys: Mapping[int, str]) -> Row:
    named = " ".join(keys[one.pk] for one in scope.units.all())
    return _day(scope.valid_from), _day(scope.valid_until), named, scope.channels


def fields() -> Iterator[Row]:
    """All fields, the undivided one too."""
    yield from Field.objects.values_list("code", "name").iterator(CHUNK)


def procedures() -> Iterator[Row]:
    """All procedures with their fields."""
    yield from Procedure.objects.values_list("code", "name", "field__code").iterator(CHUNK)


def submissions() -> Iterator[Row]:
    """Months of which an edition is in force: when they were due, sent and approved (local days), by nobody's name."""
    keys = _keys()
    rows = Submission.objects.filter(editions__state=State.APPROVED).order_by("month", "unit")
    columns = ("unit", "month", "due_on", "editions__number", "editions__sent_at", "editions__decided_at")
    for unit, month, due, number, sent, decided in rows.values_list(*columns).iterator(CHUNK):
        days = (_day(localdate(one)) if one else "" for one in (sent, decided))
        yield keys[unit], str(Month.from_number(month)), _day(due), number, *days


def counts() -> Iterator[Row]:
    """The numbers of the editions in force, as `import_counts` reads them."""
    keys = _keys()
    rows = DossierCount.objects.filter(edition__state=State.APPROVED, answered=True)
    rows = rows.order_by("edition__submission__month", "edition__submission__unit", "pk")
    columns = ("edition__submission__unit", "edition__submission__month", "field__code", "procedure__code")
    for unit, month, of, procedure, *numbers in rows.values_list(*columns, *MEASURES).iterator(CHUNK):
        yield keys[unit], str(Month.from_number(month)), of, procedure or "", *numbers


def indicators() -> Iterator[Row]:
    """What is asked for beside dossiers."""
    columns = ("code", "name", "group", "numerator_name", "denominator_name", "counted_in", "tier")
    yield from Indicator.objects.values_list(*columns).iterator(CHUNK)


def indicator_values() -> Iterator[Row]:
    """What was reported of them."""
    keys = _keys()
    columns = (
        "unit",
        "indicator__code",
        "period",
        "numerator",
        "denominator",
        "target",
        "quoted",
        "quoted_on",
    )
    rows = IndicatorValue.objects.order_by("period", "unit", "indicator__code").values_list(*columns)
    for unit, code, period, *numbers, on in rows.iterator(CHUNK):
        yield keys[unit], code, period, *numbers, _day(on)


def reviews() -> Iterator[Row]:
    """Issued reviews; the frozen data of each is a file of its own."""
    keys = _keys()
    columns = ("pk", "unit", "period", "title", "number", "issued_on", "frozen_sha256")
    for pk, unit, period, title, number, on, sha in (
        Review.objects.filter(state=ReviewState.ISSUED).order_by("pk").values_list(*columns)
    ):
        yield pk, keys[unit], period, title, number, _day(on), sha, f"reviews/review-{pk}.json"
