"""Where a line of succession breaks between some days: conditions on units, and the questions made of them.

Put together once (units.compiled), since every page by today's units asks them where anybody came or went meanwhile.
"""

from collections.abc import Set
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from units.compiled import Compiled
from units.models import Inherited, RosterStep, Succession, Unit, subtree
from units.paths import between

# What is told of a unit in which a line breaks.
COLUMNS = ("pk", "path", "tier", "kind", "active_until")
Tiers = frozenset[str] | None
_UNTIL_ITS_END = Q(reports_until=None) | Q(reports_until__gte=F("active_until"))


def reporting(tiers: Set[str] | None, prefix: str = "") -> Q:
    """Condition on a unit's columns: it reports what is asked for, at some time of its life."""
    found = Q(**{f"{prefix}reports": True})
    return found if tiers is None else found & Q(**{f"{prefix}tier__in": sorted(tiers)})


class BreakingLines(NamedTuple):
    """The days are those of reports.queries.broken.Throughout and the reader's. `tiers`: those that report what
    is asked for; None: all. `path`: of the unit that is asked for, where it is over: only what is below it counts then.
    """

    start: date
    first_end: date
    last_start: date
    end: date
    day: date
    tiers: Tiers = None
    path: str = ""

    def reporting(self, prefix: str = "") -> Q:
        """As the function of this name."""
        return reporting(self.tiers, prefix)

    @property
    def begun(self) -> Q:
        """It opened meanwhile, and took over from nobody who is part of what is asked."""
        before = ~Q(Exists(self.took_over())) | Q(active_from__gt=self.day)
        if self.path:
            before |= Q(Exists(self.took_over(outside=True))) | ~self._carried
        return Q(active_from__gt=self.first_end, active_from__lte=self.end) & before & self.reporting()

    @property
    def stopped(self) -> Q:
        """It has units below meanwhile, and does not report any more."""
        still = Q(active_until=None) | Q(active_until__gt=F("reports_until"))
        days = Q(reports_until__lt=self.last_start, reports_until__gte=self.start)
        return still & days & self.reporting()

    @property
    def ended(self) -> Q:
        """It ended meanwhile, and who follows is not part of what is asked; or it is a unit of the day still."""
        followed = Succession.objects.filter(old=OuterRef("pk"))
        nobody = Q(Exists(followed.filter(~self.reporting("new__"))))
        if self.path:
            outside = followed.exclude(subtree(self.path, "new__path"))
            nobody |= Q(Exists(outside)) | ~self._carried
        meanwhile = Q(active_until__gte=self.start, active_until__lt=self.last_start) & self.reporting()
        return meanwhile & _UNTIL_ITS_END & nobody | self.over_later

    @property
    def over_later(self) -> Q:
        """It is a unit of the day still, but not of the whole period."""
        days = Q(active_until__gte=self.start, active_until__lt=self.last_start)
        return days & Q(active_until__gte=self.day) & self.reporting()

    @property
    def reported_until_its_end(self) -> Q:
        """Condition on a succession: there was something to take over."""
        until = Q(old__reports_until=None) | Q(old__reports_until__gte=F("old__active_until"))
        return self.reporting("old__") & until

    @property
    def silent(self) -> Q:
        """It reports nothing, and opened meanwhile as the successor of who did."""
        opened = Q(active_from__gt=self.start, active_from__lte=self.last_start)
        return opened & ~self.reporting() & Q(Exists(self.took_over()))

    def took_over(self, *, outside: bool = False) -> QuerySet[Succession]:
        """Successions of the unit from who reported until its end."""
        found = Succession.objects.filter(self.reported_until_its_end, new=OuterRef("pk"))
        if self.path:
            inside = subtree(self.path, "old__path")
            found = found.exclude(inside) if outside else found.filter(inside)
        return found

    @property
    def _carried(self) -> Q:
        rows = Inherited.objects.filter(whole=False, since__lte=self.day, until__gte=self.day)
        return Q(Exists(rows.filter(source=OuterRef("pk"))))


@cache
def below(ends_given: int, tiers: Tiers) -> Compiled:
    """The question of units below some paths, or listed: their numbers, the ends of the paths, the five days."""

    def build(numbers: list[int], *given: Any) -> QuerySet:
        lines = BreakingLines(*given[ends_given:], tiers)
        found = Q(pk__in=numbers)
        for at in range(0, ends_given, 2):
            found |= between(given[at], given[at + 1])
        breaking = Unit.objects.filter(found, lines.begun | lines.stopped | lines.ended)
        return breaking.order_by().values_list(*COLUMNS)

    return Compiled(build, list, *([str] * ends_given), *([date] * 5))


@cache
def of_groups(what: str, names: tuple[str, ...], tiers: Tiers) -> Compiled:
    """The question of units in which a line breaks in one way (`what`, a condition of BreakingLines) by the numbers of
    the units themselves, of those above them, and the days of these names.
    """

    def build(numbers: list[int], above: list[int], *given: date) -> QuerySet:
        days = dict.fromkeys(BreakingLines._fields[:5]) | dict(zip(names, given, strict=True))
        condition = getattr(BreakingLines(**days, tiers=tiers), what)
        near = Q(pk__in=numbers) | Q(parent__in=above)
        return Unit.objects.filter(near, condition).order_by().values_list(*COLUMNS)

    return Compiled(build, list, list, *([date] * len(names)))


# Groups that keep that anybody came or went below them from one day to another: number, how many opened, and closed.
turning = Compiled(
    lambda first, last: (
        RosterStep.objects.order_by()
        .filter(on__gte=first, on__lte=last)
        .values_list("group", "opened", "closed")
    ),
    date,
    date,
)
