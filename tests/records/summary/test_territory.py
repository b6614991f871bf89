"""Differences between the current and the reporting territory, where history is stored for a whole group."""

from datetime import date

import pytest

from figures.periods import Period
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from units.lifecycle import actions, restructuring
from units.models import Unit
from units.tree.rules import UnitDraft

pytestmark = pytest.mark.django_db
START, ON, TODAY = date(2020, 1, 1), date(2022, 8, 1), date(2022, 9, 1)
WHEN = Period.parse("2022-H1")


def draft(
    code: str, tier: str, parent: str | Unit | None, since: date = START, kind: str = "committee"
) -> UnitDraft:
    return UnitDraft(code, f"đơn vị {code}", kind, tier, since, parent=parent)


@pytest.fixture
def province() -> dict[str, Unit]:
    """A province of two districts: A has two communes, B one and an office."""
    drafts = [draft("tinh", "province", None), draft("A", "district", "tinh"), draft("B", "district", "tinh")]
    drafts += [draft(code, "commune", above) for code, above in (("a1", "A"), ("a2", "A"), ("b1", "B"))]
    drafts.append(draft("pb", "", "B", kind="office"))
    return {unit.code: unit for unit in actions.open_units(drafts, by=None).new}


def merged(olds: list[Unit], above: Unit) -> None:
    restructuring.merge_units(olds, draft("moi", "commune", above, ON), ON, by=None, basis="Nghị quyết 1")


def test_a_merger_within_the_only_district_brings_nothing_from_its_province():
    """The whole province went into the district and is stored as a group; nothing came from elsewhere."""
    alone = [draft("khac", "province", None), draft("C", "district", "khac")]
    alone += [draft(code, "commune", "C") for code in ("c1", "c2", "c3")]
    units = {unit.code: unit for unit in actions.open_units(alone, by=None).new}
    merged([units["c1"], units["c2"]], units["C"])
    territory = summary(FiguresQuery(units["C"], WHEN, today=TODAY)).territory
    assert territory.equal and territory.sentences() == []


def test_who_came_from_another_district_of_the_province_is_named(province):
    merged([province["a2"], province["b1"]], province["A"])
    result = summary(FiguresQuery(province["A"], WHEN, today=TODAY))
    assert result.territory.came == (("B", "đơn vị B"),)
    assert not result.territory.left and not result.territory.ended
    whole = summary(FiguresQuery(province["tinh"], WHEN, today=TODAY)).territory
    assert whole.equal


@pytest.mark.parametrize(("month", "there"), [("2022-M08", True), ("2022-M09", False)])
def test_units_not_expected_in_the_period_are_not_named(province, month, there):
    """The old units report August last, which ends after they do; from September on both bases are equal."""
    merged([province["a2"], province["b1"]], province["A"])
    later, when = date(2023, 1, 1), Period.parse(month)
    came = summary(FiguresQuery(province["A"], when, today=later)).territory
    left = summary(FiguresQuery(province["B"], when, today=later)).territory
    assert bool(came.came) is there and came.equal is not there
    assert bool(left.left) is there and left.equal is not there


@pytest.mark.parametrize(("month", "there"), [("2022-M08", True), ("2022-M09", False)])
def test_a_group_without_expected_reports_is_not_named(province, month, there):
    olds = [province["A"], province["B"]]
    new = restructuring.merge_units(
        olds, draft("C", "district", province["tinh"], ON), ON, by=None, basis="NQ 1"
    ).new[0]
    territory = summary(FiguresQuery(new, Period.parse(month), today=date(2023, 1, 1))).territory
    assert [name for _, name in territory.came] == (["đơn vị A", "đơn vị B"] if there else [])
