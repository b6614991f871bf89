"""The demo: Thanh Liêm from January 2021 to July 2022, loaded by the same importers that real data comes through.

Every step may run again and changes nothing then. fixtures/thanhliem/README.md: what is published, what is made up.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from figures.periods import Month, Period
from ledger import log
from records.actions import send_back
from records.imports.catalogue import import_catalogue
from records.imports.counts import APPROVED, SENT, import_counts
from records.models import DossierCount, Edition, Indicator, IndicatorValue, RateTarget, State, Submission
from records.queries.calendar import DueDates, calendar
from reports import actions
from reports.models import Review
from units.actions import add_membership
from units.imports import import_units
from units.models import Unit, User

from .demo_people import at_hour, entered_by_their_clerks, habit

PASSWORD = "demo"
REVIEWER = "tonghop"


class Broken(ValueError):
    """The fixture could not be loaded; the text says what was wrong, in Vietnamese."""


def load(folder: Path, at: datetime) -> Review:
    """Load everything and give the review. `at` dates what the fixture does not date. Raises Broken."""
    _clean(import_units(folder / "units.csv", "units.csv", by=None).faults)
    _clean(import_catalogue(folder / "catalogue.csv", "catalogue.csv", at=at).errors)
    people = _people(_json(folder / "users.json"))
    with transaction.atomic():
        _indicators(_json(folder / "indicators.json"))
        _targets(_json(folder / "rate_targets.json"))
    states = _json(folder / "states.json")
    when = _sending(states)
    for name in ("counts-2021.csv", "counts-2022.csv", "counts-2022-07-approved.csv"):
        if new := _new_months(folder / name):
            _import(new, at, people[REVIEWER], APPROVED, when, name)
    entered_by_their_clerks(people, when)
    for name in ("counts-2022-07-sent.csv", "counts-2022-07-returned.csv"):
        _sent_by_their_clerks(folder / name, people, when)
    _return(states["returned"], people)
    return _review(_json(folder / "review.json"), people)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _clean(faults: list) -> None:
    if faults:
        raise Broken(f"Dữ liệu minh họa không nạp được: {faults[0]}")


def _people(rows: list[dict[str, Any]]) -> dict[str, User]:
    """Accounts with the demo password (hashed once: it is the same) and their memberships."""
    there = {
        user.username: user for user in User.objects.filter(username__in=[one["username"] for one in rows])
    }
    if real := [name for name, user in there.items() if not user.demo]:
        raise Broken(f"Tài khoản {real[0]} đã có và không phải tài khoản minh họa.")
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


def _indicators(rows: list[dict[str, Any]]) -> None:
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
        unit, period = _holder(one["unit"]), Period.parse(one["period"])
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


def _targets(rows: list[dict[str, Any]]) -> None:
    """Of units without any: changed or removed ones stay as people left them."""
    kept = set(RateTarget.objects.values_list("unit__code", flat=True))
    for one in rows:
        if one["unit"] in kept:
            continue
        RateTarget.objects.create(
            unit=_holder(one["unit"]),
            rate=one["rate"],
            tier=one["tier"],
            valid_from=date.fromisoformat(one["valid_from"]),
            percent=one["percent"],
            source=one["source"],
        )


def _holder(code: str) -> Unit:
    """The demo's unit of a code: the demo knows each code once."""
    return Unit.objects.filter(code=code).order_by("active_from").first() or _missing(code)


def _missing(code: str) -> Unit:
    raise Broken(f"Dữ liệu minh họa nhắc đến đơn vị {code} không có.")


def _sending(states: dict[str, Any]) -> Callable[[Unit, Month], datetime]:
    """When each month was sent: the day after the cut-off, but for those that the fixture dates."""
    days = calendar()
    due = DueDates(days)
    told = {
        (one["unit"], one["month"]): date.fromisoformat(one["sent_on"])
        for one in (states["late"], states["returned"], *states["waiting"])
    }

    def when(unit: Unit, month: Month) -> datetime:
        end = days.span(month).end
        on = told.get(
            (unit.code, str(month)), min(end + timedelta(days=1 + habit(unit) % 3), due.of(unit.tier, month))
        )
        return at_hour(on, 8 + habit(unit) % 8, habit(unit) * 7 % 60)

    return when


def _import(rows: list[list[str]], at: datetime, by: User, becomes: str, when: Callable, name: str) -> None:
    """The first row has the heads."""
    content = StringIO()
    csv.writer(content, lineterminator="\n").writerows(rows)
    report = import_counts(content.getvalue().encode(), name, at=at, by=by, becomes=becomes, when=when)
    _clean(report.errors)


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


def _sent_by_their_clerks(path: Path, people: dict[str, User], when: Callable) -> None:
    """Each unit's rows as its own clerk sends them, so that the reviewer may approve; done months stay as they are."""
    rows = _new_months(path)
    by_unit: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    for row in rows[1:]:
        by_unit[row[0], row[1]].append(row)
    for (code, month), lines in by_unit.items():
        unit, which = _holder(code), Month.parse(month)
        _import([rows[0], *lines], when(unit, which), people[f"xa-{code}"], SENT, when, path.name)


def _return(told: dict[str, Any], people: dict[str, User]) -> None:
    unit, month = _holder(told["unit"]), Month.parse(told["month"])
    edition = Edition.objects.filter(
        submission__unit=unit, submission__month=month.number, state=State.SENT
    ).first()
    if edition is None or edition.return_reason or _returned_before(edition):
        return
    marked = [f"{cell['field']}-{cell['measure']}" for cell in told["marked"]]
    at = at_hour(date.fromisoformat(told["returned_on"]), 10)
    send_back(edition, reason=told["reason"], marked_cells=marked, by=people[told["returned_by"]], at=at)


def _returned_before(edition: Edition) -> bool:
    """Whether somebody has answered the return since: then the demo must not return it again."""
    return (
        edition.number > 1
        or not DossierCount.objects.filter(edition=edition).exists()
        or bool(edition.decided_at)
    )


def _review(told: dict[str, Any], people: dict[str, User]) -> Review:
    unit, period = _holder(told["unit"]), Period.parse(told["period"])
    existing = Review.objects.filter(unit=unit, period=period.code).order_by("pk").first()
    if existing:
        return existing
    by, at = people[told["created_by"]], at_hour(date.fromisoformat(told["created_on"]), 14)
    with transaction.atomic():
        review = actions.draft(
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
                _holder(task["unit"]).pk,
            )
            for task in told["tasks"]
        ]
        return actions.edit(review, by=by, at=at, tasks=tasks)
