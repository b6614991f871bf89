"""The sentences on why sums on both bases differ; units that they do not name are counted."""

import pytest

from figures.unit_changes import MOST, Territory

NAMED = tuple((f"{at}@2025-06-30", f"xã {at}") for at in range(MOST))


@pytest.mark.parametrize(
    "named, more, page, whole",
    [
        (NAMED[:3], {}, "xã 0 (đến 30/6/2025); xã 1 (đến 30/6/2025); xã 2 (đến 30/6/2025)", ""),
        (NAMED[:4], {}, " và 1 đơn vị khác", "xã 3 (3@2025-06-30)"),
        (NAMED, {}, f" và {MOST - 3} đơn vị khác", "xã 11 (11@2025-06-30)"),
        (NAMED, {"left": 1}, f" và {MOST - 2} đơn vị khác", " và 1 đơn vị khác"),
        (NAMED, {"left": 1_234}, " và 1.243 đơn vị khác", " và 1.234 đơn vị khác"),
    ],
)
def test_who_is_not_named_is_counted(named, more, page, whole):
    territory = Territory(left=named, more=more)
    (short,), (full,) = territory.in_words(3), territory.sentences()
    assert short.endswith(f"{page}.") and full.endswith(f"{whole}.")
    assert Territory.from_dict(territory.as_dict()) == territory


def test_a_frozen_list_with_a_name_too_many_says_that_there_are_others():
    """Reviews frozen before the others were counted hold one name more than is printed."""
    territory = Territory.from_dict(
        {"equal": False, "ended": [{"unit": str(at), "name": f"xã {at}"} for at in range(MOST + 1)]}
    )
    assert territory.sentences()[0].endswith("xã 11 (11) và những đơn vị khác.")
    assert "more" not in territory.as_dict()
