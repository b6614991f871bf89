"""The accounts of the demo, and who entered and approved its months at what hours."""

import zlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from figures.periods import Month
from ledger import log
from records.models import Edition, State
from units.models import Unit
from units.people.actions import add_membership

from .fixture import FixtureError

PASSWORD = "demo"


def load_accounts(rows: list[dict[str, Any]]) -> dict[str, User]:
    """Accounts with the demo password (hashed once: it is the same) and their memberships."""
    there = {
        user.username: user for user in User.objects.filter(username__in=[one["username"] for one in rows])
    }
    if real := [name for name, user in there.items() if not user.demo]:
        raise FixtureError(f"Tài khoản {real[0]} đã có và không phải tài khoản minh họa.")
    units = {unit.code: unit for unit in Unit.objects.all()}
    encoded = make_password(PASSWORD)
    with transaction.atomic():
        for one in rows:
            if one["username"] not in there:
                there[one["username"]] = _person(one, units, encoded)
    return there


def _person(one: dict[str, Any], units: dict[str, Unit], encoded: str) -> User:
    name = one["display_name"]
    # A domain that is reserved: nobody gets what the demo sends.
    address = f"{one['username']}@example.org"
    user = User.objects.create(
        username=one["username"], full_name=name, email=address, password=encoded, demo=True
    )
    log.append(
        "user.create", by=None, subject=f"user:{user.pk}", detail={"username": user.username, "demo": True}
    )
    for membership in one["memberships"]:
        unit = units[membership["unit"]]
        add_membership(user, unit, membership["role"], unit.active_from, by=None)
    return user


# How the importer names itself as the writer of approved months.
OF_A_FILE = "tệp counts-"


def at_hour(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=timezone.get_default_timezone())


def unit_offset(unit: Unit) -> int:
    """A number that stays with a unit, by which its people have their days and hours: the same in every database,
    unlike a row's number.
    """
    return zlib.crc32(unit.code.encode())


def attribute_to_clerks(people: dict[str, User], when: Callable[[Unit, Month], datetime]) -> None:
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
            edition.saved_at, edition.sent_at = sent - timedelta(minutes=20 + unit_offset(unit) % 30), sent
            edition.saved_by = edition.sent_by = str(clerk)
            edition.sender = clerk
            edition.decided_at = at_hour(
                timezone.localdate(sent) + timedelta(days=1),
                9 + unit_offset(unit) % 2,
                unit_offset(unit) * 11 % 60,
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
