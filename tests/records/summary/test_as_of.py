"""Totals as of an earlier day equal a snapshot taken on that day."""

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import get_default_timezone

from figures.periods import Month, Period
from figures.summary import Summary
from records import errors
from records.approval import actions as approval_actions
from records.bulk_import.counts import import_counts
from records.bulk_import.validation import APPROVED
from records.calendar.queries import stored_calendar
from records.models import OPEN_STATES, Edition, Field, State
from records.submissions import actions as submissions_actions
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports.dashboard.queries import ShownPeriods, past_figures
from tests.records.conftest import balanced, entered, unit, unlocked
from units.models import Tier, Unit
from units.tree import roster

PERIOD = Period.parse("2022-M02..M05")
FIRST = date(2022, 6, 15)
pytestmark = pytest.mark.django_db


def at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=get_default_timezone())


class History:
    """Random changes to the reports of one district, day by day, up to the last second of a day."""

    def __init__(self, seed: int, cast) -> None:
        self.random = random.Random(seed)
        self.cast = cast
        self.fields = list(Field.objects.all())
        self.units = list(Unit.objects.reporting().order_by("pk"))

    def live(self, day: date) -> None:
        hours = [time(0), time(23, 59, 59, 999999), time(self.random.randrange(24), 30)]
        for hour in sorted(self.random.choices(hours, k=self.random.randint(3, 7))):
            act = self.random.choice([self.report, self.report, self.correct, self.load, self.give_back])
            act(at(day, hour))

    def rows(self, whose: Unit) -> dict:
        fields = self.random.sample(self.fields[1:], self.random.randint(1, 2))
        divided = whose.tier == Tier.COMMUNE and self.random.random() < 0.9
        chosen = fields if divided else self.fields[:1]
        values = balanced(self.random.randint(0, 30), online=self.random.randint(0, 9), postal=None)
        return {(field.pk, None): values for field in chosen}

    def report(self, now: datetime) -> None:
        """Advance the work on a random month."""
        month = self.random.choice(PERIOD.months)
        whose = self.random.choice(self.units)
        submission = submissions_actions.open_submission(whose, month, by=None, at=now)
        edition = submission.editions.filter(state__in=(State.DRAFT, State.RETURNED)).first()
        if edition is None:
            return
        try:
            edition = submissions_actions.save_counts(
                edition, self.rows(whose), by=None, revision=edition.revision, at=now
            )
            if self.random.random() < 0.8:
                edition = submissions_actions.send_edition(edition, by=None, at=now)
            if self.random.random() < 0.8:
                approval_actions.approve_edition(edition, by=self.cast.reviewer, at=now)
        except errors.ActionRefused:
            return

    def correct(self, now: datetime) -> None:
        approved = list(Edition.objects.filter(state=State.APPROVED).order_by("pk"))
        if approved:
            submission = self.random.choice(approved).submission
            if not submission.editions.filter(state__in=OPEN_STATES).exists():
                unlocked(submission, by=self.cast.reviewer, at=now)

    def give_back(self, now: datetime) -> None:
        sent = Edition.objects.filter(state=State.SENT).order_by("pk").first()
        if sent is not None:
            approval_actions.return_edition(sent, reason="Sửa", by=self.cast.reviewer, at=now)

    def load(self, now: datetime) -> None:
        unit, month = self.random.choice(self.units), self.random.choice(PERIOD.months)
        field = "ho-tich" if unit.tier == Tier.COMMUNE else "chung"
        text = f"unit,month,field,received_direct\n{unit.code},{month},{field},{self.random.randint(0, 50)}\n"
        import_counts(text.encode(), "history.csv", at=now, becomes=APPROVED)


def all_summaries(cast, as_of: date | None = None) -> list[Summary]:
    """Summaries of every kind of query, as of a day or now."""
    field = Field.objects.get(code="ho-tich")
    summaries = []
    for whose in (cast.province, cast.district, cast.alpha):
        for by in ("unit", "field", "month"):
            for external, tier in ((True, None), (False, "commune")):
                more = {"external": external, "tier": tier, "by": by, "as_of": as_of}
                summaries.append(summary(FiguresQuery(whose, PERIOD, **more)))
        for by in ("unit", "month"):
            query = FiguresQuery(
                whose, PERIOD, stored_calendar(), "approved", False, None, by, 1, field=field, as_of=as_of
            )
            summaries += [summary(query), past_figures(ShownPeriods(query)).before]
    return [replace(each, as_of=None) for each in summaries]


@pytest.mark.parametrize("seed", range(4))
def test_an_earlier_day_equals_its_snapshot(seed, cast, fields):
    history = History(seed, cast)
    days = [FIRST + timedelta(number) for number in range(7)]
    snapshots = {}
    for day in days:
        history.live(day)
        snapshots[day] = all_summaries(cast)
    for day in days:
        assert all_summaries(cast, day) == snapshots[day], day
    assert len({repr(snapshot) for snapshot in snapshots.values()}) >= 3


def test_the_day_belongs_to_the_summary_and_its_published_shape(cast, fields):
    entered(cast.alpha, Month(2022, 5), {(fields.ho_tich.pk, None): balanced(3)})
    result = summary(FiguresQuery(cast.district, PERIOD, as_of=FIRST))
    assert result.as_dict()["as_of"] == "2022-06-15"
    assert "as_of" not in summary(FiguresQuery(cast.district, PERIOD)).as_dict()
    assert Summary.from_dict(result.as_record()) == result
    assert (
        summary(FiguresQuery(cast.district, PERIOD, as_of=FIRST - timedelta(1))).total.counts["received"]
        is None
    )


def test_the_command_takes_a_day(cast, fields, capsys):
    entered(cast.alpha, Month(2022, 5), {(fields.ho_tich.pk, None): balanced(3)})
    options = {"unit": "351", "period": "2022-M05"}
    call_command("summary", **options, as_of="2022-06-15")
    assert "Số liệu như đã duyệt đến hết ngày 15/6/2022" in capsys.readouterr().out
    call_command("summary", **options, as_of="15/6/2022", format="csv")
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.endswith(",as_of") and all(line.endswith(",2022-06-15") for line in lines)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"as_of": "2022-06-31"}, 2),
        ({"as_of": "hôm qua"}, 2),
        ({"as_of": "2022-08-13"}, 1),  # the demo's day is 12 August 2022
        ({"as_of": "2022-06-15", "include": "submitted"}, 1),
    ],
)
def test_an_invalid_day_is_refused(cast, options, code):
    with pytest.raises(CommandError) as refused:
        call_command("summary", unit="351", period="2022-M05", **options)
    assert refused.value.returncode == code


@pytest.mark.parametrize("by", [None, "unit", "field", "month"])
def test_the_number_of_queries_is_fixed(cast, fields, by):
    def queries(period: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            summary(FiguresQuery(cast.province, Period.parse(period), by=by, as_of=FIRST))
        return len(captured)

    rows = {(fields.ho_tich.pk, None): balanced(3)}
    entered(cast.alpha, Month(2022, 5), rows)
    small = queries("2022")
    for number in range(12):
        more = unit(f"x{number}", Tier.COMMUNE, cast.district)
        if number < 3:
            unlocked(entered(more, Month(2022, 5), rows).submission)
    roster.rebuild()
    assert queries("2022-M05") == queries("2021-M07..2022-M06") == queries("2022") == small <= 20
