"""The change of a row since last year: only where both sides are complete."""

import pytest

from figures.rates import Share
from figures.summary import Figures, ShareChange, SummaryRow, compute_figures
from figures.tally import Tally


def figures(direct, online, *, reported=6, expected=6, blanks=None) -> Figures:
    values = {"received_direct": direct, "received_online_full": online}
    return compute_figures(Tally.of(values, reported=reported, expected=expected, blanks=blanks))


NOW, BEFORE = figures(853, 147), figures(916, 84)


@pytest.mark.parametrize(
    ("now", "before", "percent", "points"),
    [
        (NOW, BEFORE, "8.4", "6.3"),
        (BEFORE, NOW, "14.7", "-6.3"),
        (NOW, NOW, "14.7", "0.0"),
        (NOW, None, None, None),
        (NOW, figures(None, None, reported=0), None, None),
        (NOW, figures(916, 84, reported=5), None, None),
        (NOW, figures(916, 84, blanks={"received": 1}), None, None),
        (NOW, figures(0, 0, reported=0, expected=0), None, None),
        (figures(853, 147, reported=5), BEFORE, "8.4", None),
        (figures(853, 147, blanks={"received": 1}), BEFORE, "8.4", None),
        (figures(0, 0), BEFORE, "8.4", None),
        (NOW, figures(0, 0), None, None),
    ],
)
def test_changes(now, before, percent, points):
    change = ShareChange.between(now, before)
    assert ((change.before.percent if change.before else None), change.points) == (percent, points)
    assert ShareChange.from_dict(change.as_dict()) == change


def test_rows_carry_it_only_on_request():
    row = SummaryRow("1", "xã An", NOW)
    assert "change" not in row.as_dict() and SummaryRow.from_dict(row.as_dict()).change is None
    data = SummaryRow("1", "xã An", NOW, change=ShareChange(Share("8.4", 84, 1000), "6.3")).as_dict()
    assert data["change"] == {
        "online": {"points": "6.3", "before": {"percent": "8.4", "numerator": 84, "denominator": 1000}}
    }
    assert SummaryRow.from_dict(data).as_dict() == data
