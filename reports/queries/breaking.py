"""Where a line of succession breaks between some days: conditions on units, and the questions made of them."""

from collections.abc import Set
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from units.compiled import Compiled
from units.models import Inherited, RosterStep, Succession, Unit, subtree
from units.paths import between

# Put together once (units.compiled), since every page by today's units asks them where anybody came or went
# meanwhile.

# What is told of a unit in which a line breaks.
COLUMNS = ("pk", "path", "tier", "kind", "active_until")
Tiers = frozenset[str] | None
_UNTIL_ITS_END = Q(reports_until=None) | Q(reports_until__gte=F("active_until"))


def reporting(tiers: Set[str] | None, prefix: str = "") -> Q:
    """Condition on a unit's columns: it reports what is asked for, at some time of its life."""
    found = Q(**{f"{prefix}reports": True})
    return found if tiers is None else found & Q(**{f"{prefix}tier__in": sorted(tiers)})


class BreakingLines(NamedTuple):
    """The days are those of both periods and the reader's. `tiers`: those that report what
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
    def alone(self) -> Q:
        """It opened meanwhile without anybody to take over from, as far as that is part of what is asked."""
        return self._opened & ~Q(Exists(self.took_over())) & self.reporting()

    @property
    def unfollowed(self) -> Q:
        """It ended meanwhile, and one that follows reports nothing, or is not part of what is asked."""
        nothing = ~self.reporting("new__")
        nothing |= ~subtree(self.path, "new__path") if self.path else Q()
        followed = Succession.objects.filter(nothing, old=OuterRef("pk"))
        return self.ended & Q(Exists(followed))

    @property
    def ended(self) -> Q:
        """It reported until it ended meanwhile."""
        return self._ended & _UNTIL_ITS_END & self.reporting()

    @property
    def stopped(self) -> Q:
        """It has units below meanwhile, and does not report any more."""
        still = Q(active_until=None) | Q(active_until__gt=F("reports_until"))
        days = Q(reports_until__lt=self.last_start, reports_until__gte=self.start)
        return still & days & self.reporting()

    @property
    def later(self) -> Q:
        """It opened or ends meanwhile but after the reader's day: nothing is carried yet."""
        opened = self._opened & Q(active_from__gt=self.day)
        return (opened | self._ended & Q(active_until__gte=self.day)) & self.reporting()

    @property
    def stopped_or_later(self) -> Q:
        """Either."""
        return self.stopped | self.later

    @property
    def elsewhere(self) -> Q:
        """It opened meanwhile, and took over from one that is not part of what is asked too."""
        return self._opened & Q(Exists(self.took_over(outside=True))) & self.reporting()

    @property
    def nowhere(self) -> Q:
        """It opened or ended meanwhile, and is carried nowhere."""
        rows = Inherited.objects.filter(whole=False, since__lte=self.day, until__gte=self.day)
        return (
            (self._opened | self._ended) & ~Q(Exists(rows.filter(source=OuterRef("pk")))) & self.reporting()
        )

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
    def _opened(self) -> Q:
        return Q(active_from__gt=self.first_end, active_from__lte=self.end)

    @property
    def _ended(self) -> Q:
        return Q(active_until__gte=self.start, active_until__lt=self.last_start)


@cache
def question(what: str, names: tuple[str, ...], tiers: Tiers, ends_given: int) -> Compiled:
    """Units in which a line breaks in one way (`what`, a condition of BreakingLines): by the numbers of units and of
    those above them, the ends of paths, and the days of these names. No two ways in one: PostgreSQL reads all
    successions for a subquery within an OR.
    """

    def build(numbers: list[int], above: list[int], *given: Any) -> QuerySet:
        days = dict.fromkeys(BreakingLines._fields[:5]) | dict(zip(names, given[ends_given:], strict=True))
        near = Q(pk__in=numbers) | Q(parent__in=above)
        for at in range(0, ends_given, 2):
            near |= between(given[at], given[at + 1])
        condition = getattr(BreakingLines(**days, tiers=tiers), what)
        return Unit.objects.filter(near, condition).order_by().values_list(*COLUMNS)

    return Compiled(build, list, list, *([str] * ends_given), *([date] * len(names)))


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
