"""Readable reports that break a rule: what is changed in an ordinary month, and the code of the rule.

The month before and the six before that were `balanced(40)` in both fields. `None` is a blank.
"""

from figures.measures import MEASURES
from tests.records.conftest import balanced

ORDINARY = {"chung-thuc": balanced(41, postal=None), "ho-tich": balanced(39)}
_BLANK = dict.fromkeys(MEASURES)
_ZEROS = balanced(0)
_NO_POST = {"received_postal": None, "returned_postal": None}

# (changes by field, field at fault or "" for the whole, code)
REPORTS = [
    ({"ho-tich": {"pending_late": 2}}, "ho-tich", "balance"),
    ({"ho-tich": {"received_direct": 45}}, "ho-tich", "balance"),
    ({"ho-tich": {"transferred_in": 3}}, "ho-tich", "balance"),
    ({"ho-tich": {"transferred_in": 3, "transferred_out": 4}}, "ho-tich", "balance"),
    ({"chung-thuc": {"withdrawn": 1240}}, "chung-thuc", "balance"),
    ({"ho-tich": {"awaiting": None, "pending_late": 1}}, "ho-tich", "over_whole"),
    ({"ho-tich": {"resolved_late": None, "withdrawn": 1}}, "ho-tich", "over_whole"),
    ({"chung-thuc": {"resolved_early": None, "transferred_out": 7}}, "chung-thuc", "over_whole"),
    ({"ho-tich": _BLANK, "chung-thuc": _BLANK}, "", "nothing_reported"),
    ({"ho-tich": {"opening": 2, "resolved_late": 2}}, "ho-tich", "continuity"),
    ({"ho-tich": {"opening": 1240, "awaiting": 1240}}, "ho-tich", "continuity"),
    ({"ho-tich": {"received_direct": 390, "resolved_on_time": 390}}, "ho-tich", "outlier"),
    ({"ho-tich": {"received_direct": 4, "resolved_on_time": 4}}, "ho-tich", "outlier"),
    ({"ho-tich": {"received_direct": 75, "resolved_on_time": 75}}, "ho-tich", "outlier"),
    ({"ho-tich": _ZEROS, "chung-thuc": _ZEROS | _NO_POST}, "", "all_zero"),
    ({"ho-tich": balanced(40), "chung-thuc": balanced(40, postal=None)}, "", "same_as_last"),
]
