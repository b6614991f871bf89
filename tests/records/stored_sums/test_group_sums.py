"""Stored sums equal a recount after any history: entry, return, correction, approval, import, merger."""

import random
from dataclasses import replace as replace_in
from datetime import date
from itertools import product

import pytest
from django.core.management import call_command

from core.text import fold
from figures.periods import Month, Period
from ledger.models import Entry
from records import errors
from records.approval import actions as approval_actions
from records.bulk_import.counts import import_counts
from records.bulk_import.validation import APPROVED, DRAFT, SENT
from records.calendar.queries import stored_calendar
from records.models import (
    OPEN_STATES,
    DossierCount,
    Edition,
    Field,
    GroupSum,
    MissingReport,
    Stage,
    Submission,
)
from records.stored_sums import recount
from records.submissions import actions as submissions_actions
from records.summary.figures_query import FiguresQuery
from records.summary.missing import missing_unit_months, units_missing
from records.summary.queries import summary
from tests.records.conftest import AT, balanced, entered, unlocked
from tests.units.succession.successions import Part, replace
from units.lifecycle.actions import open_unit
from units.models import Unit, subtree
from units.tree.rules import TreeRefused, UnitDraft

MONTHS = Month.range(Month(2022, 1), Month(2022, 4))
pytestmark = pytest.mark.django_db


class History:
    """Random changes to the reports of one district."""

    def __init__(self, seed: int, cast) -> None:
        self.random = random.Random(seed)
        self.cast = cast
        self.fields = list(Field.objects.exclude(code=Field.UNDIVIDED))
        self.chung = Field.objects.get(code=Field.UNDIVIDED)
        self.merged = False

    def step(self) -> None:
        """One more change; forbidden ones are skipped."""
        act = self.random.choice(
            [self.enter, self.enter, self.send, self.send, self.approve, self.approve, self.give_back]
            + [self.unlock, self.recall, self.load, self.merge]
        )
        try:
            act()
        except (errors.ActionRefused, TreeRefused):
            return

    def enter(self) -> None:
        unit = self.random.choice(list(Unit.objects.reporting().order_by("pk")))
        submission = submissions_actions.open_submission(unit, self.random.choice(MONTHS), by=None, at=AT)
        edition = submission.editions.filter(state__in=OPEN_STATES).first()
        if edition is not None:
            submissions_actions.save_counts(edition, self.rows(), by=None, revision=edition.revision, at=AT)

    def rows(self) -> dict:
        if self.random.random() < 0.2:
            return {(self.chung.pk, None): self.values()}
        return {
            (field.pk, None): self.values()
            for field in self.random.sample(self.fields, self.random.randint(1, 2))
        }

    def values(self) -> dict:
        values = balanced(self.random.randint(0, 30), online=self.random.randint(0, 9), postal=None)
        for name in self.random.sample(sorted(values), self.random.randint(0, 3)):
            values[name] = None
        return values

    def _random_edition(self, *states: str) -> Edition:
        editions = list(Edition.objects.filter(state__in=states).order_by("pk"))
        if not editions:
            raise errors.ActionRefused("none", "")
        return self.random.choice(editions)

    def send(self) -> None:
        submissions_actions.send_edition(self._random_edition("draft", "returned"), by=None, at=AT)

    def approve(self) -> None:
        approval_actions.approve_edition(self._random_edition("sent"), by=self.cast.reviewer, at=AT)

    def give_back(self) -> None:
        approval_actions.return_edition(
            self._random_edition("sent"), reason="Sửa", by=self.cast.reviewer, at=AT
        )

    def recall(self) -> None:
        submissions_actions.recall_edition(self._random_edition("sent"), by=None, at=AT)

    def unlock(self) -> None:
        unlocked(self._random_edition("approved").submission, by=self.cast.reviewer)

    def load(self) -> None:
        lines = ["unit,month,field,received_direct,received_online_full,resolved_on_time"]
        for unit in self.random.sample(list(Unit.objects.reporting().order_by("pk")), 2):
            month, field = self.random.choice(MONTHS), self.random.choice(self.fields)
            lines.append(f"{unit.code}@2022-02-01,{month},{field.code},{self.random.randint(0, 50)},,3")
        becomes = self.random.choice([DRAFT, SENT, APPROVED])
        import_counts("\n".join(lines).encode(), "history.csv", at=AT, becomes=becomes)

    def merge(self) -> None:
        if self.merged or self.random.random() < 0.5:
            return
        new = UnitDraft(
            code="13441",
            name="Xã mới",
            kind="committee",
            tier="commune",
            active_from=date(2022, 3, 1),
            parent=self.cast.district,
        )
        replace([self.cast.alpha, self.cast.beta], [Part(new)], date(2022, 3, 1), by=None)
        self.merged = True


@pytest.mark.parametrize("seed", range(12))
def test_sums_equal_a_recount_after_any_history(seed, cast, fields):
    history = History(seed, cast)
    for _ in range(40):
        history.step()
    assert list(recount.sum_differences()) == []
    assert Submission.objects.exists()
    expected = missing_everywhere()
    assert expected
    # Stored missing reports equal computed ones, even if some or all rows are deleted.
    stored = list(MissingReport.objects.order_by("pk").values_list("pk", flat=True))
    MissingReport.objects.filter(pk__in=history.random.sample(stored, len(stored) // 2)).delete()
    assert missing_everywhere() == expected
    MissingReport.objects.all().delete()
    assert missing_everywhere() == expected
    call_command("recount")
    assert missing_everywhere() == expected


def missing_everywhere() -> list:
    """Missing reports of each group on both bases and stages, checked against the summary and the work list."""
    period, everywhere = Period.of(MONTHS[0], MONTHS[-1]), []
    for unit in Unit.objects.filter(has_children=True).order_by("pk"):
        for day, stage in product((None, date(2022, 12, 1)), Stage.values):
            result = summary(FiguresQuery(unit, period, include=stage, today=day, by="unit"))
            looked_for = missing_unit_months(FiguresQuery(unit, period, stored_calendar(), stage, today=day))
            assert [report.missing for report in looked_for] == sorted(
                result.total.completeness.missing, key=by_month
            )
            if day is None and stage == Stage.SUBMITTED:
                # The work list and the reminders query month by month.
                below = Unit.objects.filter(subtree(unit.path))
                for month in period.months:
                    units = units_missing(below, [month], stored_calendar())
                    assert set(units.values_list("pk", flat=True)) == {
                        report.unit for report in looked_for if report.missing.month == month
                    }
            everywhere.append(
                (unit.pk, day, stage, looked_for, [row.figures.completeness for row in result.rows])
            )
    return everywhere


def by_month(report) -> tuple:
    return report.month.number, fold(report.name)


def test_missing_reports_are_read_and_not_computed(cast, fields, django_assert_num_queries):
    """Stored with the district's first report; later changes of the tree are respected."""
    entered(cast.alpha, MONTHS[0], {(fields.ho_tich.pk, None): balanced(3)})
    # With external bodies: everything that is stored.
    query = FiguresQuery(cast.district, Period.of_month(MONTHS[0]), stored_calendar(), external=True)
    missing = missing_unit_months(query)
    assert (
        len(missing) == MissingReport.objects.filter(stage=Stage.APPROVED, month=MONTHS[0].number).count() > 0
    )
    assert cast.alpha.pk not in {report.unit for report in missing}
    with django_assert_num_queries(1):
        assert missing_unit_months(query, number=len(missing)) == missing
    # Nothing is stored for a month without any report.
    next_month = replace_in(query, period=Period.of_month(MONTHS[1]))
    assert len(missing_unit_months(next_month)) == len(missing) + 1
    beta = Unit.objects.get(pk=cast.beta.pk)
    beta.active_from = date(2022, 4, 1)
    beta.save()
    assert missing_unit_months(query) == [report for report in missing if report.unit != cast.beta.pk]


def test_a_wrong_missing_report_is_found_and_mended(cast, fields, capsys):
    entered(cast.alpha, MONTHS[0], {(fields.ho_tich.pk, None): balanced(3)})
    MissingReport.objects.create(unit=cast.alpha, month=MONTHS[0].number, stage=Stage.APPROVED)
    with pytest.raises(SystemExit):
        call_command("recount", "--check")
    assert "ghi là thiếu, nhưng đã có báo cáo" in capsys.readouterr().err
    call_command("recount")
    call_command("recount", "--check")


def test_recount_finds_and_mends(cast, fields, capsys):
    entered(cast.alpha, MONTHS[0], {(fields.ho_tich.pk, None): balanced(3)})
    call_command("recount", "--check")
    GroupSum.objects.filter(group=cast.province).update(received_direct=99)
    DossierCount.objects.filter(field=fields.chung_thuc).update(blank_received=0)
    Edition.objects.update(resolved_late=5)
    with pytest.raises(SystemExit) as stopped:
        call_command("recount", "--check")
    output = capsys.readouterr().err
    assert stopped.value.code == 1
    for place in ("received_direct: 99 ≠ 3", "blank_received: 0 ≠ 1", "resolved_late: 5 ≠ 0"):
        assert place in output
    call_command("recount")
    call_command("recount", "--check")
    call_command("recount")
    # Logged once: the second recount found no difference.
    assert [entry.detail for entry in Entry.objects.filter(action="sums.recount")] == [{"rows": 8}]


def test_unit_with_a_past_that_gets_children(cast, fields):
    entered(cast.alpha, MONTHS[0], {(fields.ho_tich.pk, None): balanced(3)})
    draft = UnitDraft("tt", "Trung tâm", "office", "commune", date(2022, 3, 1), parent=cast.alpha)
    open_unit(draft, by=None)
    alpha = Unit.objects.get(pk=cast.alpha.pk)
    assert list(recount.sum_differences()) == []
    assert summary(FiguresQuery(alpha, Period.of_month(MONTHS[0]))).total.counts["received_direct"] == 3
    assert (
        summary(FiguresQuery(cast.province, Period.of_month(MONTHS[0]))).total.counts["received_direct"] == 3
    )
