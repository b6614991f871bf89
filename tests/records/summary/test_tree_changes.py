"""After random changes of the tree, expected reports and totals equal an independent oracle."""

import random
from datetime import date, timedelta

import pytest

from figures.periods import Month, Period
from records import errors
from records.bulk_import.counts import import_counts
from records.bulk_import.validation import APPROVED
from records.models import Edition, Field
from records.stored_sums import recount
from records.submissions import actions as submissions_actions
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from tests.records.conftest import AT, balanced, entered
from tests.units.succession import successions
from units.lifecycle import actions as lifecycle_actions
from units.models import Unit
from units.succession import stored_lineage
from units.tree import roster
from units.tree.rules import TreeRefused, UnitDraft

from .oracle import Answer, Body, answer

START = date(2021, 1, 1)
MONTHS = range(1, 8)
pytestmark = pytest.mark.django_db


class World:
    """The same random history applied to the project and to the oracle; refused steps are skipped."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.bodies: dict[int, Body] = {}
        self.refused: list[str] = []
        province = self.open("35", "province", None, START)
        for number in range(2):
            district = self.open(f"d{number}", "district", province, START)
            for commune in range(2):
                self.open(f"c{number}{commune}", "commune", district, START)

    def open(self, code, tier, parent, start, end=None, kind="committee", declared=None) -> Unit:
        draft = UnitDraft(code, f"Đơn vị {code}", kind, tier, start, end, parent, declared)
        unit = lifecycle_actions.open_unit(draft, by=None)
        above = self.bodies[parent.pk] if parent else None
        self.bodies[unit.pk] = Body(code, unit.tier, above, start, end, kind == "external", declared)
        return unit

    def unit(self) -> Unit:
        return Unit.objects.get(pk=self.random.choice(list(self.bodies)))

    def day(self) -> date:
        return date(2021, 12, 15) + timedelta(
            self.random.choice([0, 14, 30, 31, self.random.randint(0, 210)])
        )

    def step(self, number: int) -> None:
        acts = [self.report] * 6 + [self.child] * 3 + [self.close, self.branch, self.follow]
        try:
            self.random.choice(acts)(number)
        except TreeRefused as refused:
            self.refused += [wrong.code for wrong in refused.wrongs]
        except errors.ActionRefused:
            return

    def report(self, number: int) -> None:
        unit, month = self.unit(), self.random.choice(MONTHS)
        if month not in self.bodies[unit.pk].figures:
            undivided = Field.objects.get(code=Field.UNDIVIDED)
            entered(unit, Month(2022, month), {(undivided.pk, None): balanced(number + 1)})
            self.bodies[unit.pk].figures[month] = number + 1

    def child(self, number: int) -> None:
        parent, start = self.unit(), self.day()
        kind = self.random.choice(["committee", "committee", "office", "external"])
        end = start + timedelta(self.random.randint(0, 90)) if self.random.random() < 0.3 else None
        declared = self.random.choice([None, None, None, True, False])
        tier = "" if kind == "office" else "commune"
        self.open(f"n{number}", tier, parent, start, end, kind, declared)

    def close(self, number: int) -> None:
        unit, day = self.unit(), self.day()
        lifecycle_actions.close_unit(unit, day, by=None)
        self.bodies[unit.pk].end = day

    def branch(self, number: int) -> None:
        unit, day = self.unit(), self.day()
        lifecycle_actions.close_branch(unit, day, by=None)
        for body in self.bodies[unit.pk].family():
            if body.end is None or body.end > day:
                body.end = day

    def follow(self, number: int) -> None:
        """A successor opens, under the same code half of the time."""
        unit, on = self.unit(), self.day()
        code = unit.code if self.random.random() < 0.5 else f"s{number}"
        tier = "" if unit.kind == "office" else unit.tier
        draft = UnitDraft(code, f"Đơn vị mới {code}", unit.kind, tier, on, parent=unit.parent)
        (new,) = successions.replace([unit], [successions.Part(draft)], on, by=None)
        old = self.bodies[unit.pk]
        old.end = on - timedelta(1)
        self.bodies[new.pk] = Body(code, new.tier, old.parent, on, None, old.external)


def as_answer(figures) -> Answer:
    missing = frozenset((report.unit, report.month.month) for report in figures.completeness.missing)
    counts = figures.completeness
    return Answer(counts.reported, counts.expected, figures.counts["received_direct"], missing)


@pytest.mark.parametrize("seed", range(8))
def test_equals_the_oracle_after_any_history(seed):
    world = World(seed)
    for number in range(40):
        world.step(number)
    assert roster.check() == []
    assert stored_lineage.check() == (set(), {})
    assert list(recount.sum_differences()) == []
    for months in ([1], [4], [7], [1, 2, 3, 4, 5, 6]):
        period = Period.parse(
            f"2022-M{months[0]:02}..M{months[-1]:02}" if len(months) > 1 else f"2022-M{months[0]:02}"
        )
        for unit in Unit.objects.order_by("pk"):
            body, external = world.bodies[unit.pk], world.random.random() < 0.5
            result = summary(FiguresQuery(unit, period, external=external, by="unit"))
            assert as_answer(result.total) == answer(body.family(), months, external), (unit.code, months)
            rows = {row.extra["pk"]: as_answer(row.figures) for row in result.rows}
            for child in Unit.objects.filter(parent=unit):
                theirs = answer(world.bodies[child.pk].family(), months, external)
                assert rows.get(child.pk, Answer(0, 0, None, frozenset())) == theirs


def commune(code="c00") -> Unit:
    return Unit.objects.get(code=code)


def approved_month(unit: Unit, month: int, received: int = 3) -> Edition:
    undivided = Field.objects.get(code=Field.UNDIVIDED)
    return entered(unit, Month(2022, month), {(undivided.pk, None): balanced(received)})


@pytest.mark.parametrize("declared", [None, True])
def test_a_commune_that_gets_a_child_keeps_its_past(db, declared):
    world = World(0)
    unit = world.open("c9", "commune", commune().parent, START, declared=declared)
    approved_month(unit, 3)
    before = summary(FiguresQuery(unit.parent, Period.parse("2022-M03"), by="unit"))
    world.open("thon", "", unit, date(2022, 6, 15), kind="office")
    after = summary(FiguresQuery(Unit.objects.get(pk=unit.parent_id), Period.parse("2022-M03"), by="unit"))
    assert as_answer(after.total) == as_answer(before.total)
    assert [as_answer(row.figures) for row in after.rows] == [as_answer(row.figures) for row in before.rows]
    assert list(recount.sum_differences()) == []
    text = "unit,month,received_direct\nc9,2022-M05,1\nc9,2022-M07,1\n"
    report = import_counts(text.encode(), "counts.csv", at=AT, becomes=APPROVED, dry_run=True)
    assert [(fault.row, fault.code) for _, fault in report.errors] == (
        [] if declared else [(3, "not_expected")]
    )


def test_figures_of_a_new_group_keep_their_place(db):
    """The child opens before its parent's last reported month: until then both are expected."""
    world = World(0)
    approved_month(commune(), 5)
    world.open("thon", "", commune(), date(2022, 3, 15), kind="office")
    unit = commune()
    assert unit.reports_until == date(2022, 5, 14)
    assert as_answer(summary(FiguresQuery(unit, Period.parse("2022-M05"))).total) == Answer(
        1, 2, 3, frozenset({("thon", 5)})
    )
    assert as_answer(summary(FiguresQuery(unit, Period.parse("2022-M06"))).total) == Answer(
        0, 1, None, frozenset({("thon", 6)})
    )


@pytest.mark.parametrize("way", ["close", "succeed", "branch"])
def test_closing_before_reported_months_is_refused(db, way):
    World(0)
    approved_month(commune(), 5)
    unit, last = commune(), date(2022, 4, 14)
    new = UnitDraft("moi", "Xã mới", "committee", "commune", date(2022, 4, 15), parent=unit.parent)
    with pytest.raises(TreeRefused, match="tháng 5/2022") as refused:
        if way == "succeed":
            successions.replace([unit], [successions.Part(new)], new.active_from, by=None)
        elif way == "branch":
            lifecycle_actions.close_branch(unit.parent, last, by=None)
        else:
            lifecycle_actions.close_unit(unit, last, by=None)
    assert [wrong.code for wrong in refused.value.wrongs] == ["reported_later"]
    assert commune().active_until is None
    lifecycle_actions.close_unit(commune(), date(2022, 4, 15), by=None)


def test_a_draft_of_a_month_after_the_end_is_neither_changed_nor_sent(db):
    World(0)
    undivided = Field.objects.get(code=Field.UNDIVIDED)
    key = (undivided.pk, None)
    edition = entered(commune(), Month(2022, 5), {key: balanced(3)}, upto="draft")
    lifecycle_actions.close_unit(commune(), date(2022, 4, 14), by=None)
    with pytest.raises(errors.ActionRefused, match="đã hết hoạt động ngày 14/4/2022") as refused:
        submissions_actions.send_edition(Edition.objects.get(pk=edition.pk), by=None, at=AT)
    assert refused.value.code == "not_expected"
    with pytest.raises(errors.ActionRefused, match="không còn báo cáo tháng 5/2022"):
        submissions_actions.save_counts(
            edition, {key: {"opening": 4}}, by=None, revision=edition.revision, at=AT
        )
    assert edition.counts.get(field=undivided).opening == 0
