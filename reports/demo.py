"""Loads the demo data of Thanh Liêm through the ordinary importers, for the command seed_demo.

Every step may run again and then changes nothing. fixtures/thanhliem/README.md says which data is published.
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
    """The fixture could not be loaded; the message is in Vietnamese."""


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def refuse_faults(faults: list) -> None:
    """Raises FixtureError with the first fault."""
    if faults:
        raise FixtureError(f"Dữ liệu minh họa không nạp được: {faults[0]}")


def unit_of_code(code: str) -> Unit:
    """The unit with a code, which is unique in the demo."""
    return Unit.objects.filter(code=code).order_by("active_from").first() or _missing(code)


def _missing(code: str) -> Unit:
    raise FixtureError(f"Dữ liệu minh họa nhắc đến đơn vị {code} không có.")


PASSWORD = "demo"


def load_accounts(rows: list[dict[str, Any]]) -> dict[str, User]:
    """Accounts with the demo password (hashed once) and their memberships."""
    users = {
        user.username: user for user in User.objects.filter(username__in=[row["username"] for row in rows])
    }
    if real := [name for name, user in users.items() if not user.demo]:
        raise FixtureError(f"Tài khoản {real[0]} đã có và không phải tài khoản minh họa.")
    units = {unit.code: unit for unit in Unit.objects.all()}
    encoded = make_password(PASSWORD)
    with transaction.atomic():
        for row in rows:
            if row["username"] not in users:
                users[row["username"]] = _person(row, units, encoded)
    return users


def _person(row: dict[str, Any], units: dict[str, Unit], encoded: str) -> User:
    name = row["display_name"]
    # A reserved domain: nobody receives the demo's e-mail.
    address = f"{row['username']}@example.org"
    user = User.objects.create(
        username=row["username"], full_name=name, email=address, password=encoded, demo=True
    )
    log.append(
        "user.create", by=None, subject=f"user:{user.pk}", detail={"username": user.username, "demo": True}
    )
    for membership in row["memberships"]:
        unit = units[membership["unit"]]
        add_membership(user, unit, membership["role"], unit.active_from, by=None)
    return user


# How `saved_by` of imported approved months begins.
IMPORT_AUTHOR = "tệp counts-"


def at_hour(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=timezone.get_default_timezone())


def unit_offset(unit: Unit) -> int:
    """A number that varies days and hours by unit: unlike the id, it is the same in every database."""
    return zlib.crc32(unit.code.encode())


def attribute_to_clerks(people: dict[str, User], when: Callable[[Unit, Month], datetime]) -> None:
    """Make the unit's clerk the author and sender of imported approved months, approved on the next day. Months of
    units without an account keep the file as author.
    """
    loaded = Edition.objects.filter(state=State.APPROVED, saved_by__startswith=IMPORT_AUTHOR)
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
    """When each month was sent: a few days after the cut-off, unless the fixture gives a day."""
    days = stored_calendar()
    due = DueDates(days)
    sent_days = {
        (state["unit"], state["month"]): date.fromisoformat(state["sent_on"])
        for state in (states["late"], states["returned"], *states["waiting"])
    }

    def when(unit: Unit, month: Month) -> datetime:
        end = days.span(month).end
        on = sent_days.get(
            (unit.code, str(month)),
            min(end + timedelta(days=1 + unit_offset(unit) % 3), due.of(unit.tier, month)),
        )
        return at_hour(on, 8 + unit_offset(unit) % 8, unit_offset(unit) * 7 % 60)

    return when


def _import(rows: list[list[str]], at: datetime, by: User, becomes: str, when: Callable, name: str) -> None:
    content = StringIO()
    csv.writer(content, lineterminator="\n").writerows(rows)
    report = import_counts(content.getvalue().encode(), name, at=at, by=by, becomes=becomes, when=when)
    refuse_faults(report.errors)


def _new_months(path: Path) -> list[list[str]]:
    """The head row and the rows of months without a submission; [] where there are none."""
    heads, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    begun = {
        (code, str(Month.from_number(month)))
        for code, month in Submission.objects.values_list("unit__code", "month")
    }
    new = [row for row in rows if (row[0], row[1]) not in begun]
    return [heads, *new] if new else []


def load_approved(path: Path, at: datetime, by: User, when: Callable) -> None:
    """Import approved months; existing months stay."""
    if new := _new_months(path):
        _import(new, at, by, APPROVED, when, path.name)


def load_sent(path: Path, people: dict[str, User], when: Callable) -> None:
    """Import sent months, each by the unit's clerk so that the reviewer may approve them; existing months stay."""
    rows = _new_months(path)
    by_unit: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    for row in rows[1:]:
        by_unit[row[0], row[1]].append(row)
    for (code, month), lines in by_unit.items():
        unit, which = unit_of_code(code), Month.parse(month)
        _import([rows[0], *lines], when(unit, which), people[f"xa-{code}"], SENT, when, path.name)


def load_returned(data: dict[str, Any], people: dict[str, User]) -> None:
    """Return a month with marked cells, unless it has been returned before."""
    unit, month = unit_of_code(data["unit"]), Month.parse(data["month"])
    edition = Edition.objects.filter(
        submission__unit=unit, submission__month=month.number, state=State.SENT
    ).first()
    if edition is None or edition.return_reason or _returned_before(edition):
        return
    marked = [f"{cell['field']}-{cell['measure']}" for cell in data["marked"]]
    at = at_hour(date.fromisoformat(data["returned_on"]), 10)
    return_edition(edition, reason=data["reason"], marked_cells=marked, by=people[data["returned_by"]], at=at)


def _returned_before(edition: Edition) -> bool:
    """Whether somebody has answered the return since."""
    return (
        edition.number > 1
        or not DossierCount.objects.filter(edition=edition).exists()
        or bool(edition.decided_at)
    )


def load_indicators(rows: list[dict[str, Any]]) -> None:
    """Missing indicators, and the values of units that have none."""
    for order, row in enumerate(rows, 1):
        indicator, _ = Indicator.objects.get_or_create(
            code=row["code"],
            defaults={
                "name": row["name"],
                "numerator_name": row["numerator_name"],
                "denominator_name": row["denominator_name"],
                "counted_in": row["unit_of_count"],
                "tier": row["tier"],
                "group": row["group"],
                "order": order,
            },
        )
        unit, period = unit_of_code(row["unit"]), Period.parse(row["period"])
        if IndicatorValue.objects.filter(indicator=indicator, unit=unit).exists():
            continue
        values = {period: {**row, "source": row["source"]}, period.same_last_year(): row["prior"]}
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
    """Targets of units that have none."""
    targeted = set(RateTarget.objects.values_list("unit__code", flat=True))
    for row in rows:
        if row["unit"] in targeted:
            continue
        RateTarget.objects.create(
            unit=unit_of_code(row["unit"]),
            rate=row["rate"],
            tier=row["tier"],
            valid_from=date.fromisoformat(row["valid_from"]),
            percent=row["percent"],
            source=row["source"],
        )


def load_review(data: dict[str, Any], people: dict[str, User]) -> Review:
    """The review's draft with its tasks, or the existing one of that period."""
    unit, period = unit_of_code(data["unit"]), Period.parse(data["period"])
    existing = Review.objects.filter(unit=unit, period=period.code).order_by("pk").first()
    if existing:
        return existing
    by, at = people[data["created_by"]], at_hour(date.fromisoformat(data["created_on"]), 14)
    with transaction.atomic():
        review = actions.open_draft(
            unit,
            period,
            by=by,
            at=at,
            title=data["title"],
            sections=data["sections"],
            header=data["header"],
            signer=data["signer"],
            recipients=data["recipients"],
        )
        tasks = [
            actions.TaskText(
                task["text"],
                task["responsible"],
                date.fromisoformat(task["deadline"]),
                unit_of_code(task["unit"]).pk,
            )
            for task in data["tasks"]
        ]
        return actions.edit_draft(review, by=by, at=at, tasks=tasks)


REVIEWER = "tonghop"


def load_demo(folder: Path, at: datetime) -> Review:
    """Load everything; returns the review. `at` dates what the fixture does not date. Raises FixtureError."""
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
