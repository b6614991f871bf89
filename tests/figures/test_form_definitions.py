"""Official forms as data: the cells of a line, broken identities, and faults of the data with their place."""

import copy
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.form_definitions import FormError, FormIdentity, read_form
from figures.measures import MEASURES

FOLDER = Path(__file__).parents[2] / "fixtures" / "forms"
DATA = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in ("ii-06a", "ii-06b", "ii-06c")}
DOSSIERS = read_form(DATA["ii-06a"])
COUNTS = st.fixed_dictionaries({name: st.none() | st.integers(0, 9999) for name in MEASURES})


@given(COUNTS)
def test_the_identities_that_a_form_makes_hold(values):
    cells = dict(zip(DOSSIERS.places, DOSSIERS.cells(values), strict=True))
    for column in DOSSIERS.columns:
        if column.adds:
            parts = [cells[part] for part in column.adds]
            numbers = [part for part in parts if part is not None]
            assert cells[column.number] == (sum(numbers) if numbers else None)
    reported = [values[name] for name in DOSSIERS.sources]
    assert sum(cells[number] or 0 for number in (4, 5, 6, 8, 9, 10, 12, 13)) == sum(
        value or 0 for value in reported
    )


@given(COUNTS)
def test_a_broken_identity_is_reported_with_its_difference(values):
    cells = dict(zip(DOSSIERS.places, DOSSIERS.cells(values), strict=True))
    gaps = DOSSIERS.gaps(DOSSIERS.cells(values))
    if None in (cells[3], cells[7], cells[11]) or cells[3] == cells[7] + cells[11]:
        assert gaps == []
    else:
        assert [(identity.words, gap) for identity, gap in gaps] == [
            ("(3) = (7) + (11)", cells[3] - cells[7] - cells[11])
        ]


@pytest.mark.parametrize(
    ("left", "right", "gap"),
    [
        ((3,), (7, 11), 2),
        ((7, 11), (3,), -2),
        ((4, 5, 6), (8, 9, 10, 12, 13), 2),
        ((3,), (4, 5, 6), 0),
        ((7,), (8, 9, 10), 0),
        ((3, 7), (11,), 0),
    ],
)
def test_what_moved_between_places_puts_only_a_balance_off(left, right, gap):
    moved = {"transferred_in": 3, "transferred_out": 5}
    assert DOSSIERS.moved(FormIdentity(left, right), moved) == gap
    assert DOSSIERS.moved(FormIdentity(left, right), dict.fromkeys(moved)) == 0


def test_heads_numbers_and_rules_are_read_from_the_data():
    assert list(DOSSIERS.numbers) == list(range(1, 14))
    assert [(name, len(columns)) for name, columns in DOSSIERS.heads] == [
        ("Số lượng hồ sơ tiếp nhận", 4),
        ("Số lượng hồ sơ đã giải quyết", 4),
        ("Số lượng hồ sơ đang giải quyết", 3),
    ]
    assert (
        DOSSIERS.rules
        == "(3) = (4) + (5) + (6); (7) = (8) + (9) + (10); (11) = (12) + (13); (3) = (7) + (11)"
    )
    assert DOSSIERS.columns[1].title == "Số lượng hồ sơ tiếp nhận: trực tuyến (4)"


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ({"thu-xin-loi.denominator": 12, "thu-xin-loi.numerator": 9}, (12, 9, 3)),
        ({"thu-xin-loi.denominator": 12, "thu-xin-loi.numerator": None}, (12, None, None)),
        ({}, (None, None, None)),
    ],
)
def test_a_difference_needs_both_its_sides(values, cells):
    assert read_form(DATA["ii-06c"]).cells(values) == cells


def test_causes_of_overdue_that_do_not_add_up_are_reported():
    form = read_form(DATA["ii-06b"])
    values = {"tre-chu-quan.denominator": 9, "tre-chu-quan.numerator": 4, "tre-khach-quan.numerator": 3}
    assert "Cột (3) lệch 2 so với cột (4) + cột (5)" in form.note(values)


def test_a_form_is_in_force_between_its_days():
    form = read_form(DATA["ii-06a"] | {"valid_from": "2026-01-10", "valid_until": "2026-12-31"})
    assert [form.valid_on(date(*day)) for day in ((2026, 1, 9), (2026, 1, 10), (2027, 1, 1))] == [
        False,
        True,
        False,
    ]


def changed(place: list, value) -> dict:
    data = copy.deepcopy(DATA["ii-06a"])
    *way, last = place
    target = data
    for key in way:
        target = target[key]
    target[last] = value
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "Biểu phải là"),
        (changed(["code"], ""), "code: thiếu"),
        (changed(["title"], 5), "title: phải là chữ"),
        (changed(["key"], "../x"), "key: chỉ dùng chữ thường"),
        (changed(["of"], "people"), "of: chỉ dùng dossiers, indicators"),
        (changed(["columns"], []), "columns: phải là một danh sách"),
        (changed(["columns", 0], 3), "columns: mỗi cột"),
        (changed(["columns", 0, "number"], 4), "liên tục từ 3"),
        (changed(["columns", 0, "number"], True), "number phải là số nguyên"),
        (changed(["columns", 0, "adds"], [4, 14]), "cột (3): không có cột (14)"),
        (changed(["columns", 0, "adds"], [3]), "cột (3): công thức quay vòng"),
        (changed(["columns", 0, "adds"], ["4"]), "cột (3): adds phải là số thứ tự"),
        (changed(["columns", 0, "adds"], []), "cột (3): phải có đúng một"),
        (changed(["columns", 1, "sources"], ["received"]), "cột (4): không có chỉ số “received”"),
        (changed(["columns", 1, "sources"], ["opening"]), "cột (6): “opening” đã có ở cột khác"),
        (changed(["columns", 1, "head"], ""), "cột (4), head: thiếu"),
        (changed(["identities", 0, "right"], [99]), "identities"),
        (changed(["identities", 0], [3]), "identities"),
        (changed(["within", 0], "x"), "within, outside"),
        (changed(["within", 0, "source"], "x"), "không có chỉ số “x”"),
        (changed(["valid_from"], "10/1/2026"), "valid_from"),
        (DATA["ii-06a"] | {"valid_from": "2026-01-10", "valid_until": "2026-01-09"}, "valid_until"),
        (DATA["ii-06b"] | {"of": "dossiers"}, "không có chỉ số “tre-chu-quan.denominator”"),
        (DATA["ii-06a"] | {"of": "indicators"}, "phải có dạng"),
    ],
)
def test_every_fault_is_reported_with_its_place(data, message):
    with pytest.raises(FormError) as refused:
        read_form(data)
    assert message in str(refused.value)
