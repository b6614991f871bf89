"""A unit cannot be split between a committee unit and an external body: its report would be expected twice."""

from datetime import date
from fractions import Fraction

import pytest

from tests.units.conftest import draft
from units.lifecycle import actions, successor_links
from units.lifecycle.imports import import_successions
from units.lifecycle.successor_links import SuccessionLink
from units.models import Succession, Unit
from units.tree.rules import TreeRefused

pytestmark = pytest.mark.django_db
ON = date(2025, 7, 1)
HALF = Fraction(1, 2)
WORDS = "xã Liêm Túc không thể chia cho cả cơ quan của ủy ban và cơ quan ngoài ủy ban"


@pytest.fixture
def parts(tree) -> list[Unit]:
    """A commune and a body outside the committee, both new."""
    drafts = [
        draft("x1", name="xã Mới", active_from=ON),
        draft("x2", "commune", "351", "external", name="Chi nhánh Mới", active_from=ON),
        draft("x3", "commune", "351", "external", name="Chi nhánh Khác", active_from=ON),
    ]
    units = {unit.code: unit for unit in actions.open_units(drafts, by=None).new}
    return [units[code] for code in ("x1", "x2", "x3")]


def test_refused_by_the_action(tree, parts):
    with pytest.raises(TreeRefused) as refused:
        successor_links.add_successions(
            [SuccessionLink(tree.liem_tuc, part, ON, HALF) for part in parts[:2]], by=None
        )
    wrongs = refused.value.wrongs
    assert [(wrong.index, wrong.code) for wrong in wrongs] == [(0, "mixed_kinds"), (1, "mixed_kinds")]
    assert WORDS in wrongs[0].message
    assert not Succession.objects.exists()


def test_refused_in_a_file_with_the_rows_named(tree, parts):
    file = "old_code,new_code,on,share\n13480,x1,2025-07-01,1/2\n13480,x2,2025-07-01,1/2\n"
    faults = import_successions(file.encode(), "s.csv", by=None).faults
    assert [(fault.row, fault.column, fault.code) for fault in faults] == [
        (2, "new_code", "mixed_kinds"),
        (3, "new_code", "mixed_kinds"),
    ]
    assert WORDS in faults[0].message and not Succession.objects.exists()


def test_parts_of_one_kind_are_as_before_and_so_is_a_merger_of_both(tree, parts):
    successor_links.add_successions(
        [SuccessionLink(tree.liem_tuc, part, ON, HALF) for part in parts[1:]], by=None
    )
    both = [SuccessionLink(old, parts[0], ON) for old in (tree.tan_thanh, tree.external)]
    assert successor_links.add_successions(both, by=None).new == 2
