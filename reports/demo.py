"""Loads the demo data of Thanh Liêm through the importers that real data comes through: units, people,
months, a review.
"""

import csv
import json
import zlib
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from figures.periods import Month, Period
from ledger import log
from records.approval.actions import return_edition
from records.bulk_import.catalogue import import_catalogue
from records.bulk_import.counts import import_counts
from records.bulk_import.validation import APPROVED, SENT
from records.calendar.queries import DueDates, stored_calendar
from records.models import DossierCount, Edition, Indicator, IndicatorValue, RateTarget, State, Submission
from units.lifecycle.imports import import_units
from units.models import Unit
from units.people.actions import add_membership

from .drafting import actions
from .models import Review


class FixtureError(ValueError):
    """The fixture could not be loaded; the text says what was wrong, in Vietnamese."""


def read_json(path: Path) -> Any:
    """What a JSON file of the fixture says."""
    return json.loads(path.read_text(encoding="utf-8"))


def refuse_faults(faults: list) -> None:
    """Errors: Broken with the first fault."""
    if faults:
        raise FixtureError(f"Dữ liệu minh họa không nạp được: {faults[0]}")


def unit_of_code(code: str) -> Unit:
    """The demo's unit of a code: the demo knows each code once."""
    return Unit.objects.filter(code=code).order_by("active_from").first() or _missing(code)


def _missing(code: str) -> Unit:
    raise FixtureError(f"Dữ liệu minh họa nhắc đến đơn vị {code} không có.")


PASSWORD = "demo"


def load_accounts(rows: list[dict[str, Any]]) -> dict[str, User]:
    """Accounts with the demo password (hashed once: it is the same) and their memberships."""
    there = {
        user.username: user for user in User.objects.filter(username__in=[row["username"] for row in rows])
    }
    if real := [name for name, user in there.items() if not user.demo]:
        raise FixtureError(f"Tài khoản {real[0]} đã có và không phải tài khoản minh họa.")
    units = {unit.code: unit for unit in Unit.objects.all()}
    encoded = make_password(PASSWORD)
    with transaction.atomic():
        for row in rows:
            if row["username"] not in there:
                there[row["username"]] = _person(row, units, encoded)
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


def sending_times(states: dict[str, Any]) -> Callable[[Unit, Month], datetime]:
    """When each month was sent: the day after the cut-off, but for those that the fixture dates."""
    days = stored_calendar()
    due = DueDates(days)
    told = {
        (one["unit"], one["month"]): date.fromisoformat(one["sent_on"])
        for one in (states["late"], states["returned"], *states["waiting"])
    }

    def when(unit: Unit, month: Month) -> datetime:
        end = days.span(month).end
        on = told.get(
            (unit.code, str(month)),
            min(end + timedelta(days=1 + unit_offset(unit) % 3), due.of(unit.tier, month)),
        )
        return at_hour(on, 8 + unit_offset(unit) % 8, unit_offset(unit) * 7 % 60)

    return when


def _import(rows: list[list[str]], at: datetime, by: User, becomes: str, when: Callable, name: str) -> None:
    """The first row has the heads."""
    content = StringIO()
    csv.writer(content, lineterminator="\n").writerows(rows)
    report = import_counts(content.getvalue().encode(), name, at=at, by=by, becomes=becomes, when=when)
    refuse_faults(report.errors)


def _new_months(path: Path) -> list[list[str]]:
    """The heads and rows of months that nobody has begun; nothing where there are none. What people did with the
    others since the first run stays.
    """
    heads, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    begun = {
        (code, str(Month.from_number(month)))
        for code, month in Submission.objects.values_list("unit__code", "month")
    }
    new = [row for row in rows if (row[0], row[1]) not in begun]
    return [heads, *new] if new else []


def load_approved(path: Path, at: datetime, by: User, when: Callable) -> None:
    """As a file brings approved months; done months stay as they are."""
    if new := _new_months(path):
        _import(new, at, by, APPROVED, when, path.name)


def load_sent(path: Path, people: dict[str, User], when: Callable) -> None:
    """Each unit's rows as its own clerk sends them, so that the reviewer may approve; done months stay as they are."""
    rows = _new_months(path)
    by_unit: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    for row in rows[1:]:
        by_unit[row[0], row[1]].append(row)
    for (code, month), lines in by_unit.items():
        unit, which = unit_of_code(code), Month.parse(month)
        _import([rows[0], *lines], when(unit, which), people[f"xa-{code}"], SENT, when, path.name)


def load_returned(told: dict[str, Any], people: dict[str, User]) -> None:
    """Sent back for marked cells, unless somebody has answered that since."""
    unit, month = unit_of_code(told["unit"]), Month.parse(told["month"])
    edition = Edition.objects.filter(
        submission__unit=unit, submission__month=month.number, state=State.SENT
    ).first()
    if edition is None or edition.return_reason or _returned_before(edition):
        return
    marked = [f"{cell['field']}-{cell['measure']}" for cell in told["marked"]]
    at = at_hour(date.fromisoformat(told["returned_on"]), 10)
    return_edition(edition, reason=told["reason"], marked_cells=marked, by=people[told["returned_by"]], at=at)


def _returned_before(edition: Edition) -> bool:
    """Whether somebody has answered the return since: then the demo must not return it again."""
    return (
        edition.number > 1
        or not DossierCount.objects.filter(edition=edition).exists()
        or bool(edition.decided_at)
    )


def load_indicators(rows: list[dict[str, Any]]) -> None:
    """Those that are not there yet, and the values of a unit that has none: what people made of them since the first
    run stays.
    """
    for order, one in enumerate(rows, 1):
        indicator, _ = Indicator.objects.get_or_create(
            code=one["code"],
            defaults={
                "name": one["name"],
                "numerator_name": one["numerator_name"],
                "denominator_name": one["denominator_name"],
                "counted_in": one["unit_of_count"],
                "tier": one["tier"],
                "group": one["group"],
                "order": order,
            },
        )
        unit, period = unit_of_code(one["unit"]), Period.parse(one["period"])
        if IndicatorValue.objects.filter(indicator=indicator, unit=unit).exists():
            continue
        values = {period: {**one, "source": one["source"]}, period.same_last_year(): one["prior"]}
        for which, value in values.items():
            IndicatorValue.objects.create(
                indicator=indicator,
                unit=unit,
                period=which.code,
                numerator=value["numerator"],
                denominator=value["denominator"],
                target=value.get("target"),
                source=value.get("source", "Số dựng"),
            )


def load_targets(rows: list[dict[str, Any]]) -> None:
    """Of units without any: changed or removed ones stay as people left them."""
    kept = set(RateTarget.objects.values_list("unit__code", flat=True))
    for row in rows:
        if row["unit"] in kept:
            continue
        RateTarget.objects.create(
            unit=unit_of_code(row["unit"]),
            rate=row["rate"],
            tier=row["tier"],
            valid_from=date.fromisoformat(row["valid_from"]),
            percent=row["percent"],
            source=row["source"],
        )


def load_review(told: dict[str, Any], people: dict[str, User]) -> Review:
    """Drafted with its tasks, unless the unit has one of that period."""
    unit, period = unit_of_code(told["unit"]), Period.parse(told["period"])
    existing = Review.objects.filter(unit=unit, period=period.code).order_by("pk").first()
    if existing:
        return existing
    by, at = people[told["created_by"]], at_hour(date.fromisoformat(told["created_on"]), 14)
    with transaction.atomic():
        review = actions.open_draft(
            unit,
            period,
            by=by,
            at=at,
            title=told["title"],
            sections=told["sections"],
            header=told["header"],
            signer=told["signer"],
            recipients=told["recipients"],
        )
        tasks = [
            actions.TaskText(
                task["text"],
                task["responsible"],
                date.fromisoformat(task["deadline"]),
                unit_of_code(task["unit"]).pk,
            )
            for task in told["tasks"]
        ]
        return actions.edit_draft(review, by=by, at=at, tasks=tasks)


# Every step may run again and changes nothing then. fixtures/thanhliem/README.md: what is published, what is
# made up.

REVIEWER = "tonghop"


def load_demo(folder: Path, at: datetime) -> Review:
    """Load everything and give the review. `at` dates what the fixture does not date. Raises Broken."""
    refuse_faults(import_units(folder / "units.csv", "units.csv", by=None).faults)
    refuse_faults(import_catalogue(folder / "catalogue.csv", "catalogue.csv", at=at).errors)
    people = load_accounts(read_json(folder / "users.json"))
    with transaction.atomic():
        load_indicators(read_json(folder / "indicators.json"))
        load_targets(read_json(folder / "rate_targets.json"))
    states = read_json(folder / "states.json")
    when = sending_times(states)
    for name in ("counts-2021.csv", "counts-2022.csv", "counts-2022-07-approved.csv"):
        load_approved(folder / name, at, people[REVIEWER], when)
    attribute_to_clerks(people, when)
    for name in ("counts-2022-07-sent.csv", "counts-2022-07-returned.csv"):
        load_sent(folder / name, people, when)
    load_returned(states["returned"], people)
    return load_review(read_json(folder / "review.json"), people)
