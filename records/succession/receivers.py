"""The receivers of the signals that units send about mergers and splits."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from accounts.models import User
from figures.periods import Month
from records.aggregates import group_sums
from records.calendar.queries import stored_calendar
from records.models import Edition, Stage
from units.lifecycle.signals import ChangeConsequence, ReportedMonth, UnitOpening
from units.models import Succession, Unit

from . import inherit_scopes, inherit_settings
from .consequences import merger_consequences


def answer_reports(
    sender: object, numbers: Sequence[int], **kwargs: object
) -> dict[int, list[ReportedMonth]]:
    """Months of these units whose figures count or wait for approval. Two queries."""
    rows = Edition.objects.in_force(Stage.SUBMITTED).filter(submission__unit__in=numbers).order_by()
    days = stored_calendar()
    found: dict[int, list[ReportedMonth]] = defaultdict(list)
    for unit, number in rows.values_list("submission__unit", "submission__month"):
        month = Month.from_number(number)
        span = days.span(month)
        found[unit].append(ReportedMonth(month.label, span.start, span.end))
    return dict(found)


def sum_new_groups(sender: object, units: Sequence[Unit], **kwargs: object) -> None:
    """A unit that becomes a group keeps sums from now on, in the same transaction."""
    group_sums.start_group_sums(units)


def preview_merger(
    sender: object,
    opening: Sequence[UnitOpening],
    ending: Sequence[Unit],
    on: date,
    reporting: int,
    there: int,
    today: date,
    **kwargs: object,
) -> list[ChangeConsequence]:
    """Reports that are owed, deadlines, what is being entered, the catalogue, and what units had set for themselves."""
    told = merger_consequences(opening, ending, on, reporting, there, today)
    return [ChangeConsequence(title, lines) for title, lines in told]


def inherit_from_predecessors(
    sender: object, links: Sequence[Succession], by: User | None, **kwargs: object
) -> None:
    """Catalogue rows that name an old unit, and what it had set for itself, follow to its successors, in the same
    transaction.
    """
    inherit_scopes.extend_scopes(links, by=by)
    inherit_settings.inherit_settings(links, by=by)


def sum_handovers(sender: object, links: Sequence[Succession], **kwargs: object) -> None:
    """What is handed over inside a month counts once from now on, in the same transaction."""
    group_sums.refresh_after_handover(
        [unit for link in links for unit in (link.old, link.new)], {link.on for link in links}
    )


def sum_without_handovers(sender: object, units: Sequence[Unit], on: date, **kwargs: object) -> None:
    """Nothing is handed over between these any more; who stays goes on with what others still hand over."""
    group_sums.refresh_after_handover(units, [on])
    if others := list(Succession.objects.filter(new__in=units, on=on)):
        inherit_settings.inherit_settings(others, by=None)


def undo_inheritance(
    sender: object, links: Sequence[Succession], staying: set[int], by: User | None, **kwargs: object
) -> None:
    """The same rows are the old units' alone again. Errors: units.tree.rules.Refused."""
    inherit_scopes.take_back_scopes(links, staying=staying, by=by)
    inherit_settings.take_back_settings(links, by=by)
