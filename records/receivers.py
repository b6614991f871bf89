"""What the tree of units asks and tells this room (units.signals)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from figures.periods import Month
from records import sums
from records.actions import going_on, naming
from records.models import Edition, Stage
from records.queries.calendar import calendar
from records.queries.merging import consequences
from units.models import Succession, Unit, User
from units.signals import Consequence, Opening, Reported


def answer_reports(sender: object, numbers: Sequence[int], **kwargs: object) -> dict[int, list[Reported]]:
    """Months of these units whose figures count or wait for approval. Two queries."""
    rows = Edition.objects.in_force(Stage.SUBMITTED).filter(submission__unit__in=numbers).order_by()
    days = calendar()
    found: dict[int, list[Reported]] = defaultdict(list)
    for unit, number in rows.values_list("submission__unit", "submission__month"):
        month = Month.from_number(number)
        span = days.span(month)
        found[unit].append(Reported(month.label, span.start, span.end))
    return dict(found)


def sum_new_groups(sender: object, units: Sequence[Unit], **kwargs: object) -> None:
    """A unit that becomes a group keeps sums from now on, in the same transaction."""
    sums.regroup(units)


def tell_merger(
    sender: object,
    opening: Sequence[Opening],
    ending: Sequence[Unit],
    on: date,
    reporting: int,
    there: int,
    today: date,
    **kwargs: object,
) -> list[Consequence]:
    """Reports that are owed, deadlines, what is being entered, the catalogue, and what units had set for themselves."""
    told = consequences(opening, ending, on, reporting, there, today)
    return [Consequence(title, lines) for title, lines in told]


def name_successors(sender: object, links: Sequence[Succession], by: User | None, **kwargs: object) -> None:
    """Catalogue rows that name an old unit, and what it had set for itself, follow to its successors, in the same
    transaction.
    """
    naming.follow(links, by=by)
    going_on.follow(links, by=by)


def sum_successors(sender: object, links: Sequence[Succession], **kwargs: object) -> None:
    """What is handed over inside a month counts once from now on, in the same transaction."""
    sums.hand_over([unit for link in links for unit in (link.old, link.new)], {link.on for link in links})


def sum_again(sender: object, units: Sequence[Unit], on: date, **kwargs: object) -> None:
    """Nothing is handed over between these any more; who stays goes on with what others still hand over."""
    sums.hand_over(units, [on])
    if others := list(Succession.objects.filter(new__in=units, on=on)):
        going_on.follow(others, by=None)


def forget_successors(
    sender: object, links: Sequence[Succession], staying: set[int], by: User | None, **kwargs: object
) -> None:
    """The same rows are the old units' alone again. Errors: units.tree.Refused."""
    naming.take_back(links, staying=staying, by=by)
    going_on.take_back(links, by=by)
