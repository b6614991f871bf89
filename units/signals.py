"""What this room asks and tells the rooms above it, which it does not know.

`reports_asked` (numbers=[…]): which months these units have reported; a receiver answers {unit number: [Reported, …]}.
`consequences_asked` (opening=[…], ending=[…], on=day, reporting=number, today=day): what changes when units open and
take others over, units end without a successor, and so many that report open; a receiver answers [Consequence, …].
`succeeded` (links=[…], by=user): these successions were recorded, in the same transaction.
`undoing` (links=[…], staying={numbers}, by=user): these are about to be taken back and their new units deleted, save
those that stay; a receiver takes back what it did when they were recorded, or raises units.tree.Refused.
`undone` (units=[…], on=day): it has been taken back; these are the old units, and new ones of that day that stay.
`grouped` (units=[…]): these units exist for some time and have children now for the first time.
"""

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


class Reported(NamedTuple):
    """A month whose figures count or wait for approval: its name for people, its first and last day."""

    label: str
    start: date
    end: date


def reports_of(numbers: Iterable[int]) -> dict[int, list[Reported]]:
    """What these units have reported, the earliest first; units without anything are left out."""
    found: dict[int, list[Reported]] = defaultdict(list)
    for _, answer in reports_asked.send(sender=Reported, numbers=list(numbers)):
        for number, months in answer.items():
            found[number] += months
    return {number: sorted(months, key=lambda one: one.start) for number, months in found.items()}


class Consequence(NamedTuple):
    """What a merger changes in a room above: what it is about, and sentences in Vietnamese."""

    title: str
    lines: list[str]


class Opening(NamedTuple):
    """A unit that is to open: its name and tier (empty: that of the old unit), and which units it takes over, each with
    the share that comes.
    """

    name: str
    tier: str
    parts: Sequence[tuple[Any, Fraction]]


def consequences_of(
    opening: list[Opening], ending: list, on: date, reporting: int, there: int, today: date
) -> list[Consequence]:
    """What changes elsewhere, as seen today, when units close before `on`, succeeded or not, and so many that report
    follow, some of which are there already.
    """
    answers = consequences_asked.send(
        sender=Consequence,
        opening=opening,
        ending=ending,
        on=on,
        reporting=reporting,
        there=there,
        today=today,
    )
    return [one for _, answer in answers for one in answer]
