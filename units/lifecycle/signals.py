"""Signals and registries for the apps that depend on units."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from django.dispatch import Signal

from core.registry import Registry

grouped = Signal()
succeeded = Signal()
undoing = Signal()
undone = Signal()


class ReportedMonth(NamedTuple):
    """A month whose figures are approved or wait for approval: its label, first and last day."""

    label: str
    start: date
    end: date


# From unit ids to the reported months of each.
REPORT_SOURCES: Registry[Callable[[Sequence[int]], Mapping[int, Sequence[ReportedMonth]]]] = Registry()


def reports_of(numbers: Iterable[int]) -> dict[int, list[ReportedMonth]]:
    """The months that these units (ids) have reported, the earliest first; units without any are left out."""
    reported: dict[int, list[ReportedMonth]] = defaultdict(list)
    unit_ids = list(numbers)
    for reported_months in REPORT_SOURCES:
        for unit_id, months in reported_months(unit_ids).items():
            reported[unit_id] += months
    return {unit_id: sorted(months, key=lambda month: month.start) for unit_id, months in reported.items()}


class ChangeConsequence(NamedTuple):
    """What a merger changes in an app that depends on units: title and sentences in Vietnamese."""

    title: str
    lines: list[str]


class UnitOpening(NamedTuple):
    """A unit to open: its name, tier (empty: that of the old unit), and predecessors with their shares."""

    name: str
    tier: str
    parts: Sequence[tuple[Any, Fraction]]


# Called with the arguments of `consequences_of`.
CONSEQUENCE_SOURCES: Registry[Callable[..., Iterable[ChangeConsequence]]] = Registry()


def consequences_of(
    opening: list[UnitOpening], ending: list, on: date, reporting: int, there: int, today: date
) -> list[ChangeConsequence]:
    """What a merger or split changes in other apps, as of today. `ending`: units that close without a successor;
    `reporting`: how many of the new units report, `there`: how many of these exist already.
    """
    change = (opening, ending, on, reporting, there, today)
    return [consequence for source in CONSEQUENCE_SOURCES for consequence in source(*change)]
