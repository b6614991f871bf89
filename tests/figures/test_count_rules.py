"""The rules of a row and of a report, with their sentences."""

import json
from datetime import date

import pytest
from hypothesis import given

from figures import count_rules, rule_catalogue
from figures.measures import ALL_SERVED, MEASURES, OPTIONAL, served_measures
from figures.rule_catalogue import rule_message

from .strategies import VALUES

# 9 + 64 = 60 + 1 + 10 + 2
GOOD = {
    "opening": 9, "received_direct": 40, "received_online_partial": 20, "received_online_full": 4,
    "received_postal": 0, "returned_direct": 50, "returned_online": 9, "returned_postal": 1,
    "resolved_early": 50, "resolved_on_time": 10, "resolved_late": 0, "withdrawn": 1,
    "pending_in_time": 10, "pending_late": 0, "awaiting": 2,
}  # fmt: skip
IN_PERSON = served_measures(frozenset({"direct"}))


def codes(values, served=ALL_SERVED):
    """The faults of a row, as (code, measure)."""
    return [(fault.code, fault.measure) for fault in count_rules.check_row(values, served)]


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({}, []),
        ({"opening": 12}, [("balance", None)]),
        ({"opening": None, "received_direct": 400}, []),  # not all parts are reported
        ({"awaiting": None}, []),
        ({"awaiting": None, "pending_in_time": 13}, [("over_whole", None)]),  # 9 + 64 < 60 + 1 + 13
        ({"awaiting": None, "pending_in_time": 12}, []),
        ({"awaiting": None, "pending_in_time": 13, "transferred_in": 1}, []),
        ({"awaiting": None, "pending_in_time": 13, "received_postal": None}, []),
        ({"transferred_in": 3}, [("balance", None)]),
        ({"transferred_in": 3, "transferred_out": 3}, []),
        ({"transferred_out": 2, "awaiting": 0}, []),
        ({"withdrawn": -1}, [("negative", "withdrawn")]),
        ({"withdrawn": -1, "opening": -2}, [("negative", "opening"), ("negative", "withdrawn")]),
        ({"withdrawn": "1"}, [("not_a_number", "withdrawn")]),
        ({"withdrawn": True}, [("not_a_number", "withdrawn")]),
        ({"withdrawn": 1.0}, [("not_a_number", "withdrawn")]),
        ({"withdrawn": 10**9}, [("too_large", "withdrawn")]),
    ],
)
def test_a_row(change, faults):
    assert codes({**GOOD, **change}) == faults


def test_an_empty_row_has_no_fault():
    assert codes({}) == []


def test_a_number_where_nothing_is_served():
    assert codes(GOOD, IN_PERSON) == [
        ("not_served", name) for name in MEASURES if name not in IN_PERSON and GOOD.get(name) is not None
    ]


def test_the_balance_does_not_wait_for_what_is_not_served():
    row = {name: value for name, value in GOOD.items() if name in IN_PERSON}
    assert codes({**row, "received_direct": 64}, IN_PERSON) == []
    assert codes(row, IN_PERSON) == [("balance", None)]


def test_the_sentence_of_a_balance_says_both_sides_and_the_gap():
    (fault,) = count_rules.check_row({**GOOD, "pending_in_time": 7}, ALL_SERVED)
    assert fault.message.startswith(
        "Kỳ trước chuyển sang 9 + tiếp nhận 64 = 73, nhưng đã giải quyết 60 + rút, trả lại 1 + trong hạn 7 "
        "+ quá hạn 0 + chờ bổ sung 2 = 70: lệch 3 hồ sơ"
    )
    assert fault.blocks


def test_a_closing_balance_in_words():
    assert count_rules.balance_text({**GOOD, "transferred_in": 5, "transferred_out": 5}).endswith("= 78")
    assert ", và đã giải quyết 60" in count_rules.balance_text(GOOD)


@pytest.mark.parametrize(
    ("change", "gap"),
    [({}, 0), ({"opening": 12}, 3), ({"received_direct": 30}, -10), ({"awaiting": None}, None)],
)
def test_difference(change, gap):
    assert count_rules.balance_difference({**GOOD, **change}, ALL_SERVED) == gap


@pytest.mark.parametrize(
    ("change", "left"), [({}, 12), ({"pending_late": None}, None), ({"awaiting": 0}, 10)]
)
def test_closing(change, left):
    assert count_rules.closing_count({**GOOD, **change}) == left


@pytest.mark.parametrize(("opening", "before"), [(9, 9), (None, 9), (9, None), (None, None), (0, 0)])
def test_a_continuous_or_unknown_opening_is_no_fault(opening, before):
    assert count_rules.check_continuity(opening, before) is None


def test_a_broken_continuity_is_a_warning_that_says_what_differs():
    fault = count_rules.check_continuity(9, 12)
    assert (fault.code, fault.measure, fault.severity) == ("continuity", "opening", "warning")
    assert "chuyển sang 9" in fault.message and "còn 12" in fault.message and "lệch 3" in fault.message
    assert not fault.blocks


@pytest.mark.parametrize(
    ("rows", "mixed"),
    [
        ([], False),
        ([("chung", None)], False),
        ([("ho-tich", None), ("dat-dai", None)], False),
        ([("ho-tich", "1.001193"), ("ho-tich", "1.000894"), ("dat-dai", None)], False),
        ([("chung", None), ("ho-tich", None)], True),
        ([("chung", None), ("ho-tich", "1.001193")], True),
        ([("ho-tich", None), ("ho-tich", "1.001193")], True),
        ([("ho-tich", ""), ("ho-tich", "1.001193")], True),
    ],
)
def test_two_levels_never_mix(rows, mixed):
    fault = count_rules.check_mixed_level(rows)
    assert (fault is not None and fault.code == "mixed_level") == mixed


@pytest.mark.parametrize(
    ("rows", "nothing"),
    [([], True), ([{}], True), ([{"opening": None}], True), ([{}, {"opening": 0}], False)],
)
def test_a_report_without_any_number(rows, nothing):
    assert (count_rules.check_nothing_reported(rows) is not None) == nothing


def test_a_part_over_its_whole_says_both_sides_and_by_how_much():
    (fault,) = count_rules.check_row({**GOOD, "awaiting": None, "pending_in_time": 15}, ALL_SERVED)
    assert fault.message == (
        "Kỳ trước chuyển sang 9 + tiếp nhận 64 = 73, nhưng đã giải quyết 60 + rút, trả lại 1 + trong hạn 15 "
        "+ quá hạn 0 = 76: vượt 3 hồ sơ, dù còn ô để trống. Sửa ô sai trước khi nhập tiếp."
    )
    assert fault.blocks


@pytest.mark.parametrize(("typed", "value"), [("-5", -5), ("1000000000", 10**9)])
def test_a_number_is_refused_in_the_words_for_what_is_typed(typed, value):
    assert count_rules.read_cell("opening", typed, ALL_SERVED) == (
        None,
        count_rules.check_cell("opening", value, ALL_SERVED),
    )


def test_what_is_typed_where_nothing_is_served():
    number, fault = count_rules.read_cell("received_postal", "1.240", IN_PERSON)
    assert (number, fault.code, fault.measure) == (1240, "not_served", "received_postal")
    assert "1.240" in fault.message
    assert count_rules.read_cell("received_postal", " ", IN_PERSON) == (None, None)
    assert count_rules.read_cell("received_postal", "x", IN_PERSON)[1].code == "not_a_number"


@pytest.mark.parametrize(
    ("rows", "last", "code"),
    [
        ({}, {}, None),
        ({"a": {}}, {"a": {}}, None),
        ({"a": {"opening": 0}}, {}, "all_zero"),
        ({"a": {"opening": 0}, "b": {"awaiting": 0}}, {"a": {"opening": 0}}, "all_zero"),
        ({"a": {"opening": 0}, "b": {"awaiting": 1}}, {}, None),
        ({"a": GOOD}, {"a": GOOD}, "same_as_last"),
        ({"a": GOOD, "b": {}}, {"a": GOOD, "c": {}}, "same_as_last"),
        ({"a": GOOD}, {"a": {**GOOD, "returned_postal": 2}}, None),
        ({"a": GOOD}, {"a": {**GOOD, "returned_postal": None}}, None),
        ({"a": GOOD}, {"a": GOOD, "b": GOOD}, None),
        ({"a": GOOD}, {"b": GOOD}, None),
    ],
)
def test_a_report_that_is_odd_as_a_whole(rows, last, code):
    fault = count_rules.check_odd_report(rows, last)
    assert (fault and fault.code) == code
    assert fault is None or (fault.measure, fault.blocks) == (None, False)


@pytest.mark.parametrize("rule", rule_catalogue.RULES.values(), ids=lambda rule: rule.code)
def test_a_sentence_is_filled_and_ends(rule):
    """Every wording of every rule, which has no placeholders but these."""
    names = (
        "typed",
        "most",
        "number",
        "sides",
        "gap",
        "fields",
        "opening",
        "left",
        "value",
        "times",
        "usual",
    )
    for why in rule.words or ("",):
        sentence = rule_message(rule.code, why, **dict.fromkeys(names, "{9}"))
        assert sentence.endswith(".") and "{" not in sentence.replace("{9}", "")


def test_rules_as_data_survive_json():
    data = count_rules.rules_as_data(date(2022, 6, 14))
    restored = json.loads(json.dumps(data, ensure_ascii=False))
    assert set(restored["rules"]) == set(rule_catalogue.RULES)
    assert restored["measures"]["received_online_partial"]["label"] == "Tiếp nhận trực tuyến mức độ 3"
    assert restored["outlier"]["limit"] == [51891, 10000]


def test_every_rule_is_declared_once_with_a_sentence():
    assert all(
        rule.code == code and rule.demands.endswith(".") for code, rule in rule_catalogue.RULES.items()
    )
    warnings = {rule.code for rule in rule_catalogue.RULES.values() if rule.severity == "warning"}
    assert warnings == {"continuity", "outlier", "all_zero", "same_as_last"}


@given(VALUES)
def test_any_row_is_judged(values):
    for fault in count_rules.check_row(values, ALL_SERVED):
        assert (
            fault.code in rule_catalogue.RULES and fault.severity == rule_catalogue.RULES[fault.code].severity
        )


@given(VALUES)
def test_a_row_that_closes_has_no_fault(values):
    row = {name: value or 0 for name, value in values.items() if name not in OPTIONAL}
    gap = count_rules.balance_difference(row, ALL_SERVED)
    row["awaiting" if gap > 0 else "opening"] += abs(gap)
    assert count_rules.check_row(row, ALL_SERVED) == ()
