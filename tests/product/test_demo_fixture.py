"""The demo data adds up to the published figures, balances in every row, and is what its script makes."""

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from reports.review_text.bound_text import parse_paragraphs

FOLDER = Path(__file__).parents[2] / "fixtures" / "thanhliem"
H1_2021 = [f"2021-M{n:02d}" for n in range(1, 7)]
H2_2021 = [f"2021-M{n:02d}" for n in range(7, 13)]
H1_2022 = [f"2022-M{n:02d}" for n in range(1, 7)]
MONTHS = [*H1_2021, *H2_2021, *H1_2022, "2022-M07"]
RECEIVED = ("received_direct", "received_online_partial", "received_online_full", "received_postal")
RESOLVED = ("resolved_early", "resolved_on_time", "resolved_late")
CLOSING = ("pending_in_time", "pending_late", "awaiting")
MEASURES = (
    "opening",
    *RECEIVED,
    "returned_direct",
    "returned_online",
    "returned_postal",
    *RESOLVED,
    "withdrawn",
)
MEASURES += CLOSING


def rows(name):
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def data(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


UNITS = {row["code"]: row for row in rows("units.csv")}
COUNTS = [row for path in sorted(FOLDER.glob("counts-*.csv")) for row in rows(path.name)]
RETURNED = (data("states.json")["returned"]["unit"], "2022-M07", "ho-tich")


def key(row):
    return row["unit"], row["month"], row["field"]


def number(row, *measures):
    return sum(int(row[measure] or 0) for measure in measures)


def group(unit):
    return "external" if UNITS[unit]["kind"] == "external" else UNITS[unit]["tier"]


def total(tier, months, *measures):
    chosen = [row for row in COUNTS if row["month"] in months and group(row["unit"]) == tier]
    return sum(number(row, *measures) for row in chosen)


def percent(part, whole, step="0.1"):
    return str((Decimal(part) * 100 / whole).quantize(Decimal(step), ROUND_HALF_UP))


def test_files_are_what_the_script_makes():
    result = subprocess.run(
        [sys.executable, "-B", FOLDER / "construct.py", "--check"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("tier", "measures", "expected"),
    [
        ("district", ("received_direct",), 463),
        ("district", ("received_online_partial", "received_online_full"), 496),
        ("district", ("received_postal",), 1),
        ("district", RECEIVED, 960),
        ("district", RESOLVED, 921),
        ("district", ("resolved_early", "resolved_on_time"), 908),
        ("commune", ("received_direct",), 14712),
        ("commune", ("received_online_partial", "received_online_full"), 2116),
        ("commune", ("received_postal",), 5),
        ("commune", RECEIVED, 16833),
        ("commune", RESOLVED, 16561),
        ("commune", ("resolved_early", "resolved_on_time"), 16440),
    ],
)
def test_totals_of_the_half_year(tier, measures, expected):
    assert total(tier, H1_2022, *measures) == expected


@pytest.mark.parametrize(("tier", "expected"), [("district", 4), ("commune", 23)])
def test_overdue_at_the_end_of_june(tier, expected):
    assert total(tier, ["2022-M06"], "pending_late") == expected


def test_shares_as_published():
    online = ("received_online_partial", "received_online_full")
    assert percent(463, 960) == "48.2" and percent(496, 960) == "51.7" and percent(1, 960) == "0.1"
    assert (
        percent(14712, 16833) == "87.4"
        and percent(2116, 16833) == "12.6"
        and percent(5, 16833, "0.01") == "0.03"
    )
    assert percent(908, 921) == "98.6" and percent(16440, 16561) == "99.3"
    before = {tier: total(tier, H1_2021, *RECEIVED) for tier in ("district", "commune")}
    assert sum(before.values()) == 16649 and percent(17793 - 16649, 16649) == "6.9"
    assert percent(total("district", H1_2021, *online), before["district"]) == "33.1"
    assert percent(total("commune", H1_2021, *online), before["commune"]) == "7.0"


def test_every_cell_is_a_whole_number_or_not_served():
    by_tier = {}
    for row in rows("catalogue.csv"):
        by_tier[row["field"], row["tier"]] = row["channels"].split() or [
            "online_partial",
            "online_full",
            "postal",
        ]
    for row in COUNTS:
        served = by_tier[row["field"], UNITS[row["unit"]]["tier"]]
        for measure in MEASURES:
            channel = measure.partition("_")[2] if measure.startswith(("received", "returned")) else "direct"
            online = measure == "returned_online" and "online_full" in served
            expected = channel == "direct" or channel in served or online
            assert row[measure].isdigit() == expected, (key(row), measure)
            assert expected or row[measure] == ""


def test_every_row_balances():
    for row in COUNTS:
        left = number(row, "opening", *RECEIVED)
        assert left == number(row, *RESOLVED, "withdrawn", *CLOSING), key(row)


def test_every_month_continues_the_one_before():
    row_by_key = {key(row): row for row in COUNTS}
    broken = []
    for (unit, month, field), row in row_by_key.items():
        if month == MONTHS[0]:
            continue
        before = row_by_key.get((unit, MONTHS[MONTHS.index(month) - 1], field))
        if before and number(row, "opening") != number(before, *CLOSING):
            broken.append((unit, month, field))
    assert broken == [RETURNED]


def test_no_row_stands_twice_and_each_unit_reports_its_own_fields():
    assert max(Counter(map(key, COUNTS)).values()) == 1
    expected = {}
    for row in rows("catalogue.csv"):
        everyone = [
            code for code, unit in UNITS.items() if unit["tier"] == row["tier"] and unit["kind"] != "external"
        ]
        for unit in row["units"].split() or everyone:
            expected.setdefault(unit, set()).add(row["field"])
    by_month = {}
    for row in COUNTS:
        by_month.setdefault((row["unit"], row["month"]), set()).add(row["field"])
    assert all(fields == expected[unit] for (unit, _), fields in by_month.items())


@pytest.mark.parametrize(
    ("tier", "months", "expected"),
    [
        ("commune", H1_2022, 96),
        ("district", H1_2022, 72),
        ("commune", H1_2021, 96),
        ("district", H1_2021, 72),
        ("commune", ["2021-M08"], 14),
        ("commune", H2_2021, 94),
        ("district", H2_2021, 72),
        ("commune", ["2022-M07"], 14),
        ("district", ["2022-M07"], 12),
        ("external", MONTHS, 19),
    ],
)
def test_completeness(tier, months, expected):
    here = {(row["unit"], row["month"]) for row in COUNTS if row["month"] in months}
    assert len([unit for unit, _ in here if group(unit) == tier]) == expected


def test_months_differ():
    series = [total("commune", [month], *RECEIVED) for month in H1_2022]
    assert len(set(series)) == 6 and min(series) == series[1]  # Tết


def test_accounts_and_texts_name_roles_and_units():
    users = data("users.json")
    names = {user["username"] for user in users}
    communes = {code for code, unit in UNITS.items() if unit["tier"] == "commune"}
    offices = {code for code, unit in UNITS.items() if unit["kind"] == "office"}
    assert names == {"quantri", "lanhdao", "tonghop"} | {"xa-" + code for code in communes} | offices
    assert all(m["unit"] in UNITS for user in users for m in user["memberships"])
    review = data("review.json")
    assert len(review["tasks"]) == 5
    assert all(task["deadline"] > "2022-08-12" and task["unit"] in UNITS for task in review["tasks"])
    words = [
        run.text
        for s in review["sections"][:-2]
        for runs in parse_paragraphs(s["body"])
        for run in runs
        if not run.key
    ]
    # Every figure in the text is bound; a year and the levels of online services are no figures.
    assert not [text for text in words if re.search("[0-9]", re.sub("năm 2022|mức độ 3, 4", "", text))]


def test_indicators_reach_what_was_published():
    indicators = {item["code"]: item for item in data("indicators.json")}
    agencies, staff = indicators["co-quan-dung-phan-mem-van-ban"], indicators["can-bo-dung-thu-vien-dien-tu"]
    assert (agencies["numerator"], agencies["denominator"]) == (28, 28)
    assert percent(staff["numerator"], staff["denominator"]) == "95.0"


def test_the_merger_takes_up_every_commune():
    successions = {row["old_code"]: row for row in rows("successions-2025.csv")}
    units = rows("units-2025.csv")
    opened = {row["code"] for row in units if row["active_from"] == "2025-07-01"}
    assert {row["code"] for row in units if row["active_until"] == "2025-06-30"} == set(UNITS)
    assert set(successions) == {
        code for code, unit in UNITS.items() if unit["tier"] in ("commune", "province")
    }
    assert all(
        row["new_code"] in opened and row["on"] == "2025-07-01" and row["share"] == "1"
        for row in successions.values()
    )
