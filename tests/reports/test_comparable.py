"""Comparing with last year: the units that owed throughout both periods, and nobody else, in any tree."""

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count, product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.counts import Tally
from figures.measures import MEASURES, WHOLES
from figures.periods import DEFAULT_CALENDAR, Month, Period
from figures.summary import Figures, Summary, build
from records import sums
from records.generating import country
from records.models import Edition, Submission
from records.queries.rows import put
from reports.queries.dashboard import Wanted, past_of
from reports.queries.lasting import NAMED
from tests.test_plans import MERGED, plans
from units import roster
from units.models import Succession, Unit, fold

pytestmark = pytest.mark.django_db
AT = datetime(2023, 2, 1, tzinfo=UTC)
START, MERGER = date(2015, 1, 1), date(2022, 4, 1)
MONTHS = Month.range(Month(2021, 1), Month(2022, 12))
PERIODS = [Period.parse(code) for code in ("2022-H1", "2022-M03..M09", "2022-M06")]
# The longer one has months of its own same period last year.
PERIODS += [Period.of(Month(2021, 10), Month(2022, 9)), Period.of(Month(2021, 7), Month(2022, 10))]
# Of the trend (units below, their sums and reports, the roster) and of the comparison.
MOST_QUERIES = 5 + 7


class World:
    """A random country: provinces in which nothing happens, all merge inside a month, or each unit has days of
    its own; of the months that a unit owes most are reported, or none.
    """

    def __init__(self, seed: int) -> None:
        self.random, self.numbers = random.Random(seed), count(1)
        self.units: list[Unit] = []
        self.links: list[Succession] = []
        self.top = self.group("country", None)
        for change in self.random.choices((self.calm, self.merged, self.wild), k=4):
            province = self.group("province", self.top)
            change(province)
            if self.random.random() < 0.7:
                change(self.group("district", province))
        self.wild(self.top)
        Unit.objects.bulk_create(self.units)
        Succession.objects.bulk_create(self.links)
        roster.rebuild()
        self.report()

    def group(self, tier: str, parent: Unit | None) -> Unit:
        """Some of them have reported themselves until they had units below."""
        own = parent is not None and self.random.random() < 0.2
        return self.unit(
            tier, parent, reports=own, reports_until=self.day() if own else None, has_children=True
        )

    def calm(self, parent: Unit) -> None:
        for _ in range(self.random.randint(1, 4)):
            self.unit("commune", parent)

    def merged(self, parent: Unit) -> None:
        new = self.unit("commune", parent, active_from=MERGER)
        for _ in range(self.random.randint(2, 5)):
            self.followed(self.unit("commune", parent, active_until=MERGER - timedelta(1)), new)

    def followed(self, old: Unit, new: Unit) -> None:
        """What lies with them inside the month is handed over."""
        self.links.append(Succession(old=old, new=new, on=new.active_from))

    def wild(self, parent: Unit) -> None:
        for _ in range(self.random.randint(0, 6)):
            first, last = sorted([self.day(), self.day()])
            days = self.random.choice(
                [
                    {},
                    {"active_from": first},
                    {"active_until": last},
                    {"active_from": first, "active_until": last},
                ]
            )
            kind = self.random.choice(["committee", "office", "external"])
            one = self.unit(self.random.choice(["commune", parent.tier]), parent, kind=kind, **days)
            if one.active_until and self.random.random() < 0.7:
                since = one.active_until + timedelta(1)
                self.followed(one, self.unit("commune", parent, active_from=since))

    def day(self) -> date:
        """Often the first or last day of a reporting month."""
        month = self.random.choice(MONTHS)
        return date(month.year, month.month, self.random.choice([14, 15, self.random.randint(1, 28)]))

    def unit(self, tier: str, parent: Unit | None, **more) -> Unit:
        pk = next(self.numbers)
        name = f"Đơn vị {self.random.choice('ăâcdêg')} {pk}"
        given = {"kind": "committee", "active_from": START} | more
        path = f"{parent.path if parent else '/'}{pk}/"
        depth = parent.depth + 1 if parent else 0
        one = Unit(
            pk=pk,
            code=f"u{pk}",
            name=name,
            folded=fold(name),
            tier=tier,
            parent=parent,
            path=path,
            depth=depth,
            **given,
        )
        self.units.append(one)
        return one

    def report(self) -> None:
        likely = {unit.pk: self.random.choice([0, 0.9, 0.9]) for unit in self.units}
        made = [
            Submission(unit=unit, month=month.number, due_on=START)
            for unit, month in product(self.units, MONTHS)
            if unit.owes(*days(month)) and self.random.random() < likely[unit.pk]
        ]
        editions = []
        Submission.objects.bulk_create(made)
        sums.mark(self.units, [month.number for month in MONTHS])
        for one in made:
            edition = Edition(submission=one, number=1, state="approved", sent_at=AT, decided_at=AT)
            put(edition, self.tally())
            editions.append(edition)
        Edition.objects.bulk_create(editions)
        sums.refresh(self.units, [month.number for month in MONTHS])

    def tally(self) -> Tally:
        values = {name: self.random.randint(0, 99) for name in MEASURES}
        return Tally.of(values, blanks={whole: self.random.randint(0, 1) for whole in WHOLES})


def days(month: Month) -> tuple[date, date]:
    span = DEFAULT_CALENDAR.span(month)
    return span.start, span.end


def compared(wanted: Wanted, world: World) -> tuple[Summary, Summary, list[str]]:
    """Both sides and who is left out, unit by unit and month by month."""
    earlier = wanted.period.same_last_year()
    months = sorted({*earlier.months, *wanted.period.months})
    throughout = days(earlier.first)[1], days(wanted.period.last)[0]
    spans = [(days(one.first)[0], days(one.last)[1]) for one in (earlier, wanted.period)]
    found, left_out = defaultdict(list), []
    reports = {
        (one.submission.unit_id, one.submission.month): Tally(
            tuple(getattr(one, name) for name in MEASURES),
            tuple(getattr(one, f"blank_{whole}") for whole in WHOLES),
            1,
        ).counting(opens=one.submission.opens, closes=one.submission.closes)
        for one in Edition.objects.select_related("submission")
    }
    for unit in within(wanted, world):
        if not any(unit.owes(*span) for span in spans):
            continue
        if not (unit.active_from <= throughout[0] and (unit.reporting_ends or date.max) >= throughout[1]):
            left_out.append(unit)
            continue
        for month in months:
            told = reports.get((unit.pk, month.number), Tally.empty())
            found[unit.tier].append((month, told + Tally.expecting(1)))
    sides = [
        build(
            unit=wanted.unit.code,
            unit_name=wanted.unit.name,
            period=period,
            tiers=found,
            external=wanted.external,
        )
        for period in (wanted.period, earlier)
    ]
    left_out.sort(key=lambda unit: (unit.folded, unit.pk))
    return *sides, [unit.name for unit in left_out]


def within(wanted: Wanted, world: World) -> Iterator[Unit]:
    for unit in world.units:
        if unit.path.startswith(wanted.unit.path) and wanted.tier in (None, unit.tier):
            if wanted.external or unit.kind != "external":
                yield unit


@pytest.mark.parametrize("seed", range(12))
def test_equals_adding_up_unit_by_unit(seed):
    world = World(seed)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    groups = [unit for unit in world.units if unit.has_children]
    for unit, period in product(groups, PERIODS):
        external, tier = world.random.random() < 0.5, world.random.choice([None, None, "commune"])
        by = world.random.choice([None, "unit"])
        wanted = Wanted(unit, period, DEFAULT_CALENDAR, "approved", external, tier, by, 1)
        with CaptureQueriesContext(connection) as asked:
            found = past_of(wanted).against
        assert len(asked) <= MOST_QUERIES, [one["sql"] for one in asked]
        *sides, left_out = compared(wanted, world)
        if not left_out:
            assert found is None, (unit.code, period.code)
            continue
        assert found.number == len(left_out) and list(found.left_out) == left_out[: len(found.left_out)]
        for ours, theirs in zip((found.current, found.before), sides, strict=True):
            assert told(ours.total) == told(theirs.total), (unit.code, period.code, tier, external)
            # A tier in which nobody can be compared is named all the same.
            of_tiers = {name: told(one) for name, one in ours.tiers if one.completeness.expected}
            assert of_tiers == {name: told(one) for name, one in theirs.tiers}


def told(figures: Figures) -> tuple:
    return (
        figures.completeness.reported,
        figures.completeness.expected,
        figures.counts,
        figures.shares,
        figures.rates,
    )


def test_of_a_merged_country_nobody_is_read_to_be_left_out():
    """All are counted by the roster, the first of them are named; no report of theirs is looked at."""
    nation = country.fill(MERGED)
    wanted = Wanted(
        nation, Period.parse("2025-M04..M09"), DEFAULT_CALENDAR, "approved", False, None, "unit", 1
    )
    with plans(nation) as whole, CaptureQueriesContext(connection) as asked:
        found = past_of(wanted).against
    assert whole == []
    assert not [one["sql"] for one in asked if "records_edition" in one["sql"]]
    reporting = Unit.objects.reporting()
    assert found.number == reporting.count() > NAMED
    assert list(found.left_out) == [unit.name for unit in reporting.order_by("folded", "pk")[:NAMED]]
    for side in (found.current, found.before):
        assert side.total.completeness.expected == 0
        assert set(side.total.counts.values()) == {None}
