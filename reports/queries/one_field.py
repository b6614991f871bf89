"""The figures of one field of the catalogue: the same questions as of all fields together, narrowed.

Who owes the field follows from the dated catalogue; a unit-month reported at level `chung` owes no other field.
"""

from collections import defaultdict

from figures.counts import Tally
from figures.periods import Month
from figures.summary import RowInput, Summary, build
from records.models import DossierCount, Edition, Field
from records.queries.catalogue import Catalogue
from records.queries.parts import Part, parts
from records.queries.question import Question
from units.models import Kind, Unit
from units.queries import expected_under

Monthly = dict[str, list[tuple[Month, Tally]]]


def field_summary(question: Question, field: Field, *, by: str | None, decimals: int) -> Summary:
    """The Summary of one field, with rows by "unit" or "month" (by field there is only the one)."""
    reported = _reported(question, field, by_child=by == "unit")
    owed = _owed(question, field)
    rows = None
    if by == "unit":
        rows = _unit_rows(question, reported, owed)
    elif by == "field":
        every = [*((part.month, part.tally) for part in reported), *((m, tally) for _, _, m, tally in owed)]
        rows = [RowInput(field.code, field.name, every, extra={"pk": field.pk})]
    return build(
        unit=question.unit.key_on(question.end),
        unit_name=question.unit.name,
        period=question.period,
        tiers=_by_tier(reported, owed),
        by=by,
        rows=rows,
        calendar=question.days,
        include=question.include,
        external=question.external,
        decimals=decimals,
    )


def monthly_of_field(question: Question, field: Field) -> Monthly:
    """Tallies of one field by tier and month, with what is expected."""
    return _by_tier(_reported(question, field), _owed(question, field))


def _reported(question: Question, field: Field, *, by_child: bool = False) -> list[Part]:
    return [part for part in parts(question, by_child=by_child, by_field=True) if part.field == field.pk]


# Who owes: (number of the unit directly below or of the unit itself, tier, month, a tally with what is expected).
Owed = list[tuple[int, str, Month, Tally]]


def _owed(question: Question, field: Field) -> Owed:
    catalogue = Catalogue(question.days)
    units = expected_under(question.unit, question.start, question.end, external=question.external)
    if question.tier:
        units = units.filter(tier=question.tier)
    undivided = set() if field.pk == catalogue.undivided else _undivided(question, catalogue)
    owed: dict[tuple[int, str, Month], int] = defaultdict(int)
    spans = list(zip(question.months, question.spans, strict=True))
    for unit in units.only("pk", "path", "tier", "active_from", "active_until", "reports", "reports_until"):
        child = _child(unit.path, question.unit)
        for month, (start, end) in spans:
            if unit.owes(start, end) and (unit.pk, month.number) not in undivided:
                if field.pk in catalogue.expected_of(unit.tier, unit.pk, month):
                    owed[child, unit.tier, month] += 1
    return [(child, tier, month, Tally.of(expected=number)) for (child, tier, month), number in owed.items()]


def _child(path: str, above: Unit) -> int:
    """The number of the unit directly below `above` on this path; of `above` itself for its own path."""
    rest = path[len(above.path) :].strip("/")
    return int(rest.split("/")[0]) if rest else above.pk


def _undivided(question: Question, catalogue: Catalogue) -> set[tuple[int, int]]:
    editions = Edition.objects.in_force(question.include).filter(
        submission__unit__path__startswith=question.unit.path, submission__month__in=question.numbers
    )
    rows = DossierCount.objects.filter(edition__in=editions, field=catalogue.undivided, answered=True)
    return set(rows.values_list("edition__submission__unit_id", "edition__submission__month"))


def _by_tier(reported: list[Part], owed: Owed) -> Monthly:
    monthly: Monthly = defaultdict(list)
    for part in reported:
        monthly[part.tier].append((part.month, part.tally))
    for _, tier, month, tally in owed:
        monthly[tier].append((month, tally))
    return dict(monthly)


def _unit_rows(question: Question, reported: list[Part], owed: Owed) -> list[RowInput]:
    unit = question.unit
    monthly: dict[int, list[tuple[Month, Tally]]] = defaultdict(list)
    for part in reported:
        monthly[part.child or unit.pk].append((part.month, part.tally))
    for child, _, month, tally in owed:
        monthly[child].append((month, tally))
    shown = Unit.objects.filter(pk__in=monthly).exclude(kind=Kind.EXTERNAL) if not question.external else None
    shown = Unit.objects.filter(pk__in=monthly) if shown is None else shown
    return [
        RowInput(
            one.key_on(question.end),
            one.name,
            monthly[one.pk],
            extra={
                "pk": one.pk,
                "code": one.code,
                "tier": one.tier,
                "kind": one.kind,
                "has_children": one.has_children and one.pk != unit.pk,
            },
        )
        for one in shown.order_by("tier", "folded", "pk")
    ]
