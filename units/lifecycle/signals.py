"""Signals for the apps that depend on units."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from django.dispatch import Signal

reports_asked = Signal()
grouped = Signal()
consequences_asked = Signal()
succeeded = Signal()
undoing = Signal()
undone = Signal()


class ReportedMonth(NamedTuple):
    """A month whose figures count or wait for approval: its name for people, its first and last day."""

    label: str
    start: date
    end: date


def reports_of(numbers: Iterable[int]) -> dict[int, list[ReportedMonth]]:
    """What these units have reported, the earliest first; units without anything are left out."""
    found: dict[int, list[ReportedMonth]] = defaultdict(list)
    for _, answer in reports_asked.send(sender=ReportedMonth, numbers=list(numbers)):
        for number, months in answer.items():
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


def consequences_of(
    opening: list[UnitOpening], ending: list, on: date, reporting: int, there: int, today: date
) -> list[ChangeConsequence]:
    """What changes elsewhere, as seen today, when units close before `on`, succeeded or not, and so many that report
    follow, some of which are there already.
    """
    answers = consequences_asked.send(
        sender=ChangeConsequence,
        opening=opening,
        ending=ending,
        on=on,
        reporting=reporting,
        there=there,
        today=today,
    )
    return [one for _, answer in answers for one in answer]
