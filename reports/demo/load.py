"""Loads the whole demo: units, people, months, indicators, targets, a review. May run again."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.models import User
from figures.periods import Period
from records.bulk_import.catalogue import import_catalogue
from records.models import Indicator, IndicatorValue, RateTarget
from reports.drafting import actions
from reports.models import Review
from units.lifecycle.imports import import_units

from .fixture import read_json, refuse_faults, unit_of_code
from .months import load_approved, load_returned, load_sent, sending_times
from .people import at_hour, attribute_to_clerks, load_accounts


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
    for one in rows:
        if one["unit"] in kept:
            continue
        RateTarget.objects.create(
            unit=unit_of_code(one["unit"]),
            rate=one["rate"],
            tier=one["tier"],
            valid_from=date.fromisoformat(one["valid_from"]),
            percent=one["percent"],
            source=one["source"],
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
