"""Where the territory by today's units differs from the one that reported, when a group above holds all of a unit."""

from datetime import date

import pytest

from figures.periods import Period
from records.queries.summary import summary
from units import actions
from units.models import Unit
from units.tree import Draft

pytestmark = pytest.mark.django_db
START, ON, TODAY = date(2020, 1, 1), date(2022, 8, 1), date(2022, 9, 1)
WHEN = Period.parse("2022-H1")


def draft(
    code: str, tier: str, parent: str | Unit | None, since: date = START, kind: str = "committee"
) -> Draft:
    return Draft(code, f"đơn vị {code}", kind, tier, since, parent=parent)


@pytest.fixture
def province() -> dict[str, Unit]:
    """A province of two districts: A has two communes, B one and an office."""
    drafts = [draft("tinh", "province", None), draft("A", "district", "tinh"), draft("B", "district", "tinh")]
    drafts += [draft(code, "commune", above) for code, above in (("a1", "A"), ("a2", "A"), ("b1", "B"))]
    drafts.append(draft("pb", "", "B", kind="office"))
    return {unit.code: unit for unit in actions.open_units(drafts, by=None).new}


def merged(olds: list[Unit], above: Unit) -> None:
    actions.merge(olds, draft("moi", "commune", above, ON), ON, by=None, basis="Nghị quyết 1")


def test_a_merger_within_the_only_district_brings_nothing_from_its_province():
    """Everything of the province is carried into the district, so that is how it is kept; nothing came over."""
    alone = [draft("khac", "province", None), draft("C", "district", "khac")]
    alone += [draft(code, "commune", "C") for code in ("c1", "c2", "c3")]
    units = {unit.code: unit for unit in actions.open_units(alone, by=None).new}
    merged([units["c1"], units["c2"]], units["C"])
    told = summary(units["C"], WHEN, today=TODAY).territory
    assert told.equal and told.sentences() == []


def test_who_came_from_another_district_of_the_province_is_named(province):
    merged([province["a2"], province["b1"]], province["A"])
    found = summary(province["A"], WHEN, today=TODAY)
    assert found.territory.came == (("B", "đơn vị B"),)
    assert not found.territory.left and not found.territory.ended
    whole = summary(province["tinh"], WHEN, today=TODAY).territory
    assert whole.equal
