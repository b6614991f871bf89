"""A random country whose units open, close and merge, with most months reported; used by comparison tests."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import count, product

from core.text import fold
from figures.measures import MEASURES, WHOLES
from figures.periods import DEFAULT_CALENDAR, Month
from figures.tally import Tally
from records.models import DossierCount, Edition, Field, Submission
from records.storage import set_tally_columns
from records.stored_sums import group_sums
from units.models import Succession, Unit
from units.tree import roster

AT = datetime(2023, 2, 1, tzinfo=UTC)
START, MERGER = date(2015, 1, 1), date(2022, 4, 1)
MONTHS = Month.range(Month(2021, 1), Month(2022, 12))


class World:
    """Provinces without changes, with one merger inside a month, or with random days per unit; each unit has
    reported most of its expected months, or none.
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
        """Some groups reported themselves until they had units below."""
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
            unit = self.unit(self.random.choice(["commune", parent.tier]), parent, kind=kind, **days)
            if unit.active_until and self.random.random() < 0.7:
                since = unit.active_until + timedelta(1)
                self.followed(unit, self.unit("commune", parent, active_from=since))

    def day(self) -> date:
        """Often the first or last day of a reporting month."""
        month = self.random.choice(MONTHS)
        return date(month.year, month.month, self.random.choice([14, 15, self.random.randint(1, 28)]))

    def unit(self, tier: str, parent: Unit | None, **more) -> Unit:
        pk = next(self.numbers)
        name = f"Đơn vị {self.random.choice('ăâcdêg')} {pk}"
        fields = {"kind": "committee", "active_from": START} | more
        path = f"{parent.path if parent else '/'}{pk}/"
        depth = parent.depth + 1 if parent else 0
        unit = Unit(
            pk=pk,
            code=f"u{pk}",
            name=name,
            folded=fold(name),
            tier=tier,
            parent=parent,
            path=path,
            depth=depth,
            **fields,
        )
        self.units.append(unit)
        return unit

    def report(self) -> None:
        self.leave_blank()
        likely = {unit.pk: self.random.choice([0, 0.9, 0.9]) for unit in self.units}
        made = [
            Submission(unit=unit, month=month.number, due_on=START)
            for unit, month in product(self.units, MONTHS)
            if unit.expected_to_report(*days(month)) and self.random.random() < likely[unit.pk]
        ]
        editions, undivided, rows = [], Field.objects.get(code=Field.UNDIVIDED), []
        Submission.objects.bulk_create(made)
        group_sums.mark_handovers(self.units, [month.number for month in MONTHS])
        for submission in made:
            edition = Edition(submission=submission, number=1, state="approved", sent_at=AT, decided_at=AT)
            tally = self.tally(submission.unit)
            set_tally_columns(edition, tally)
            editions.append(edition)
            rows.append(DossierCount(edition=edition, field=undivided, answered=True))
            set_tally_columns(rows[-1], tally)
        Edition.objects.bulk_create(editions)
        DossierCount.objects.bulk_create(rows)
        group_sums.refresh_group_sums(self.units, [month.number for month in MONTHS])

    def leave_blank(self) -> None:
        """Chooses the measures that each unit never reports."""
        self.blank = {unit.pk: set(self.random.sample(MEASURES, k=len(MEASURES) // 3)) for unit in self.units}

    def tally(self, unit: Unit) -> Tally:
        reported = [name for name in MEASURES if name not in self.blank[unit.pk]]
        values = {name: self.random.choice([0, 0, self.random.randint(1, 99)]) for name in reported}
        return Tally.of(values, blanks={whole: self.random.randint(0, 1) for whole in WHOLES})


def days(month: Month) -> tuple[date, date]:
    span = DEFAULT_CALENDAR.span(month)
    return span.start, span.end
