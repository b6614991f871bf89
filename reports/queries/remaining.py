"""What those reported and owed that can be compared with last year (reports.queries.lasting, lasting_field)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from typing import NamedTuple

from django.db.models import Count, Exists, Q, QuerySet

from figures.counts import Tally, over_period
from figures.measures import CLOSING, MEASURES, OPENING
from figures.periods import Month, Period
from records.models import DossierCount
from records.queries.divided import divided
from records.queries.parts import Part, of_child_groups
from records.queries.rows import STATES, tally_in, totals
from records.queries.summary import Monthly
from units.models import Unit

from .lasting import Lasting, Reporter
from .lasting_field import LastingField, Owing

# The smaller part is read unit by unit: few that are left out are taken from the whole, few that stay are added
# up.

Compares = Lasting | LastingField
# Of units in one statement: a database takes so many, and to add up is no dearer then.
_MOST_NUMBERS = 20_000
_Units = Sequence[Reporter] | Sequence[Owing]


class _Doubt(NamedTuple):
    """Nothing is left of a measure of a tier: those that stay reported 0, or nothing at all in these months."""

    tier: str
    measure: str
    first: Month
    last: Month


def remaining(lasting: Compares, whole: Monthly) -> Monthly:
    """In the months of both periods; `whole` is that of all."""
    if lasting.more_stay:
        taken = _reports(lasting, lasting.left_out)
        left = _less(whole, taken)
        doubts = list(_doubts(lasting.period, left, taken))
        if len(doubts) * lasting.numbers_given <= _MOST_NUMBERS:
            return _unreported(left, _unknown(lasting, doubts))
    found: Monthly = {tier: [] for tier in whole}
    for several in (_of_calm(lasting), _reports(lasting, lasting.others)):
        for tier, parts in several.items():
            found.setdefault(tier, []).extend(parts)
    return found


def _of_calm(lasting: Compares) -> Monthly:
    """What groups hold in which nobody came or went. One query; none without any."""
    found: Monthly = defaultdict(list)
    for part in of_child_groups(lasting.reach, list(lasting.calm), lasting.only):
        if lasting.tiers is None or part.tier in lasting.tiers:
            found[part.tier].append((part.month, part.tally))
    return _expecting(found, lasting.expected_calm)


def _expecting(found: Monthly, expected: Iterable[tuple[str, Month, int]]) -> Monthly:
    for tier, month, number in expected:
        found[tier].append((month, Tally.expecting(number)))
    return found


def _reports(lasting: Compares, units: _Units) -> Monthly:
    """What these units reported and owed. One query, by today's units for each tier; none without units."""
    found: Monthly = defaultdict(list)
    reach, tiers = lasting.reach, defaultdict(list)
    for one in units:
        if one.pk not in lasting.divided:
            tiers["" if reach.today is None else one.tier].append(one.pk)
    months = [month.number for month in lasting.months]
    for into, numbers in tiers.items():
        path, rows, several = _rows(lasting, submission__unit__in=numbers, submission__month__in=months)
        rows = rows.values_list(f"{path}month", f"{path}unit__tier")
        for month, tier, reported, *values in rows.annotate(_reported=several, **totals(path)):
            found[into or tier].append((reach.by_number[month], tally_in(values, reported)))
    for part in _of_split(lasting, lasting.divided & {one.pk for one in units}):
        found[part.tier].append((part.month, part.tally))
    return _expecting(found, lasting.expected(units))


def _rows(lasting: Compares, **which: object) -> tuple[str, QuerySet, Count]:
    """Where the submission stands from the rows, the rows of these editions, and how many units reported."""
    editions = lasting.reach.editions.order_by().filter(**which)
    if lasting.only is None:
        return "submission__", editions, Count("pk")
    counts = DossierCount.objects.order_by().filter(edition__in=editions, field=lasting.only)
    return "edition__submission__", counts, Count("edition", distinct=True, filter=Q(answered=True))


def _of_split(lasting: Compares, units: Set[int]) -> Iterator[Part]:
    """By today's units: what comes of units that were split. No query without any, else three at most."""
    if units:
        total, months = lasting.reach.carried.total, set(lasting.months)
        heir = total._replace(sources=[one for one in total.sources if one.unit in units])
        parts = divided(lasting.reach, [(None, heir)], lasting.only is not None, lasting.only)
        yield from (part for part in parts if part.month in months)


def _less(whole: Monthly, taken: Monthly) -> Monthly:
    """The whole without what is taken from it: unknown where nobody else reported."""
    found: Monthly = {}
    for tier, parts in whole.items():
        of_month: dict[Month, list[Tally]] = defaultdict(list)
        for month, tally in parts:
            of_month[month].append(tally)
        for month, tally in taken.get(tier, ()):
            of_month[month].append(_negative(tally))
        left = ((month, Tally.total(several)) for month, several in of_month.items())
        found[tier] = [
            (month, tally if tally.reported else Tally.expecting(tally.expected)) for month, tally in left
        ]
    return found


def _negative(tally: Tally) -> Tally:
    return replace(
        tally,
        numbers=tuple(None if number is None else -number for number in tally.numbers),
        lacks=tuple(-number for number in tally.lacks),
        reported=-tally.reported,
        expected=-tally.expected,
    )


def _doubts(period: Period, left: Monthly, taken: Monthly) -> Iterator[_Doubt]:
    for when in (period, period.same_last_year()):
        for tier, parts in taken.items():
            rest, gone = over_period(left.get(tier, ()), when), over_period(parts, when)
            for name in MEASURES:
                if rest.values[name] == 0 and gone.values[name] is not None:
                    first = when.last if name in CLOSING else when.first
                    yield _Doubt(tier, name, first, when.first if name in OPENING else when.last)


def _unknown(lasting: Compares, doubts: Sequence[_Doubt]) -> list[_Doubt]:
    """Those that nobody reported who stays. One query, which stops at the first report that did; none without any."""
    if not doubts:
        return []
    asked = Unit.objects.filter(pk=lasting.reach.unit.pk).order_by()
    [found] = asked.values_list(*(Exists(_told(lasting, doubt)) for doubt in doubts))
    return [doubt for doubt, told in zip(doubts, found, strict=True) if not told]


def _told(lasting: Compares, doubt: _Doubt) -> QuerySet:
    """Reports of the measure by those that stay, as far as they count beside others."""
    of_tier = replace(lasting.reach, tier=doubt.tier, wider=lasting.reach).within("submission__unit__")
    months = doubt.first.number, doubt.last.number
    editions = lasting.reach.editions.order_by().filter(
        of_tier, lasting.staying("submission__unit__"), submission__month__range=months
    )
    flags = {f"submission__{flag}": True for flag, names in STATES.items() if doubt.measure in names}
    if lasting.only is None:
        return editions.filter(**{f"{doubt.measure}__isnull": False}, **flags)
    # Joined, the database stops at the first; listed, it would look for all editions before.
    return editions.filter(
        **{"counts__field": lasting.only, f"counts__{doubt.measure}__isnull": False}, **flags
    )


def _unreported(left: Monthly, unknown: Iterable[_Doubt]) -> Monthly:
    for doubt in unknown:
        place = MEASURES.index(doubt.measure)
        left[doubt.tier] = [
            (month, _without(tally, place) if doubt.first <= month <= doubt.last else tally)
            for month, tally in left[doubt.tier]
        ]
    return left


def _without(tally: Tally, place: int) -> Tally:
    return replace(tally, numbers=(*tally.numbers[:place], None, *tally.numbers[place + 1 :]))
