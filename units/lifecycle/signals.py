"""Signals to the apps that depend on units, and what these answer."""

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
    """A month whose figures count or wait for approval: its name for people, its first and last day."""

    label: str
    start: date
    end: date


# Of units by number, what each has reported.
REPORT_SOURCES: Registry[Callable[[Sequence[int]], Mapping[int, Sequence[ReportedMonth]]]] = Registry()


def reports_of(numbers: Iterable[int]) -> dict[int, list[ReportedMonth]]:
    """What these units have reported, the earliest first; units without anything are left out."""
    found: dict[int, list[ReportedMonth]] = defaultdict(list)
    listed = list(numbers)
    for reported_months in REPORT_SOURCES:
        for number, months in reported_months(listed).items():
            found[number] += months
    return {number: sorted(months, key=lambda one: one.start) for number, months in found.items()}


class ChangeConsequence(NamedTuple):
    """What a merger changes in a room above: what it is about, and sentences in Vietnamese."""

    title: str
    lines: list[str]


class UnitOpening(NamedTuple):
    """A unit that is to open: its name and tier (empty: that of the old unit), and which units it takes over, each with
    the share that comes.
    """

    name: str
    tier: str
    parts: Sequence[tuple[Any, Fraction]]


# With the arguments of `consequences_of`.
CONSEQUENCE_SOURCES: Registry[Callable[..., Iterable[ChangeConsequence]]] = Registry()


def consequences_of(
    opening: list[UnitOpening], ending: list, on: date, reporting: int, there: int, today: date
) -> list[ChangeConsequence]:
    """What changes elsewhere, as seen today, when units close before `on`, succeeded or not, and so many that report
    follow, some of which are there already.
    """
    asked = (opening, ending, on, reporting, there, today)
    return [one for consequences in CONSEQUENCE_SOURCES for one in consequences(*asked)]
