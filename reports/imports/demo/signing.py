"""Who entered and approved the months of the demo, and at what hours: people, as in a real database."""

import zlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from figures.periods import Month
from records.models import Edition, State
from units.models import Unit, User

# How the importer names itself as the writer of approved months.
OF_A_FILE = "tệp counts-"


def at_hour(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=timezone.get_default_timezone())


def habit(unit: Unit) -> int:
    """A number that stays with a unit, by which its people have their days and hours: the same in every database,
    unlike a row's number.
    """
    return zlib.crc32(unit.code.encode())


def entered_by_their_clerks(people: dict[str, User], when: Callable[[Unit, Month], datetime]) -> None:
    """Approved months say what the demo tells: entered and sent by the unit's clerk, approved the day after. The log
    keeps which file they came from. Months of units without an account stay the file's.
    """
    loaded = Edition.objects.filter(state=State.APPROVED, saved_by__startswith=OF_A_FILE)
    signed = []
    for edition in loaded.select_related("submission__unit"):
        unit = edition.submission.unit
        clerk = people.get(f"xa-{unit.code}") or people.get(unit.code)
        if clerk is not None:
            sent = when(unit, Month.from_number(edition.submission.month))
            edition.saved_at, edition.sent_at = sent - timedelta(minutes=20 + habit(unit) % 30), sent
            edition.saved_by = edition.sent_by = str(clerk)
            edition.sender = clerk
            edition.decided_at = at_hour(
                timezone.localdate(sent) + timedelta(days=1), 9 + habit(unit) % 2, habit(unit) * 11 % 60
            )
            signed.append((edition, clerk))
    names = ["saved_at", "saved_by", "sent_at", "sent_by", "sender", "decided_at"]
    through = Edition.writers.through
    with transaction.atomic():
        Edition.objects.bulk_update((edition for edition, _ in signed), names, batch_size=100)
        through.objects.bulk_create(
            [through(edition_id=edition.pk, user_id=clerk.pk) for edition, clerk in signed],
            ignore_conflicts=True,
            batch_size=400,
        )
