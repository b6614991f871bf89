"""Validation in the browser and on the server give the same values, codes and messages."""

import json
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page

from figures import count_rules, formatting, rule_catalogue
from figures.measures import CHANNELS, MEASURES, OPTIONAL, SUMS, served_measures
from figures.outliers import WATCHED
from figures.periods import Month
from figures.rule_catalogue import RULES, RuleViolation
from figures.tally import sum_reported
from records.models import DossierCount
from records.submissions.previous_months import row_oddities
from tests.bad_inputs.numbers import READ, REFUSED, REFUSED_TYPED

SCRIPT = Path(settings.BASE_DIR) / "static/js/rules.js"
JUNE = Month(2022, 6)
# Mostly digits; also what spreadsheets, other scripts and other programs paste.
SIGNS = (
    "0123456789" * 4
    + "....,,   --+%/#=:eExX"
    + "\u00a0\u2009\u202f\u200b\u00ad\u3000\t\n−–²½٣１ộé\u0301“{}\\$&😀"
)
JUDGE = """({texts, rows, reports}) => {
  const {read, write, checkCell, checkRow, balance, warnings, checkReport} = CCHC.rules;
  const seen = (faults) => faults.map(({code, measure, message, severity}) => [code, measure, message, severity]);
  return {
    texts: texts.map((text) => [read(text).value, read(text).fault?.message ?? null]),
    rows: rows.map(({typed, values, row}) => ({
      cells: seen(Object.entries(typed).map(([name, text]) => checkCell(name, text, row)).filter(Boolean)),
      faults: seen(checkRow(values, row)),
      balance: [balance(values, row).gap, balance(values, row).text],
      warnings: seen(warnings(values, row)),
      written: Object.values(values).map(write),
    })),
    reports: reports.map((report) => seen(checkReport(report))),
  };
}"""


def as_lists(faults: list[RuleViolation]) -> list[list]:
    return [[fault.code, fault.measure, fault.message, fault.severity] for fault in faults]


def some_text(chance: Random) -> str:
    return "".join(chance.choices(SIGNS, k=chance.choice([1, 2, 3, 4, 5, 6, 7, 9, 12, 30, 41, 60])))


def some_values(chance: Random, served: frozenset[str]) -> dict[str, int | None]:
    """A row as clerks fill it in: some blanks, closing in half the rows, sometimes far too large."""
    largest = chance.choice([0, 3, 60, 5_000, 999_999_999])
    blanks = chance.choice([0, 0, 0.1, 0.5])
    values = {
        name: None if chance.random() < blanks else chance.randint(0, largest)
        for name in MEASURES
        if name in served and (name not in OPTIONAL or chance.random() < 0.2)
    }
    gap = count_rules.balance_difference(values, served)
    short = "awaiting" if gap and gap > 0 else "opening"
    if gap is not None and chance.random() < 0.6 and values[short] + abs(gap) <= rule_catalogue.LARGEST_COUNT:
        values[short] += abs(gap)
    if chance.random() < 0.1:
        values[chance.choice(MEASURES)] = chance.randint(0, 9)
    return {name: values.get(name) for name in MEASURES}


def some_past(chance: Random, values: dict, served: frozenset[str]) -> dict[int, dict]:
    """Up to fourteen months, close to the row's values or arbitrary; sometimes the last one equals the row."""
    months: dict[int, dict] = {}
    for back in range(chance.choice([0, 1, 5, 6, 7, 12, 12, 14]), 0, -1):
        if chance.random() < 0.1:
            continue
        other = some_values(chance, served)
        if chance.random() < 0.8:
            other = {
                name: other[name]
                if number is None
                else number * chance.randint(5, 12) // chance.choice([9, 9, 40])
                for name, number in values.items()
            }
        months[JUNE.plus(-back).number] = other
    if chance.random() < 0.2:
        months[JUNE.previous().number] = dict(values)
    return months


def some_row(chance: Random) -> dict[str, Any]:
    served = served_measures(frozenset(name for name in CHANNELS if chance.random() < 0.8))
    values = some_values(chance, served)
    past = some_past(chance, values, served)
    year = [past.get(JUNE.plus(-back).number) for back in range(12, 0, -1)]
    last = past.get(JUNE.previous().number)
    typed = {name: some_text(chance) for name in chance.sample(MEASURES, 3)}
    row = {
        "served": sorted(served),
        "proposed": count_rules.closing_count(last) if last else None,
        "history": {
            whole: [sum_reported(month[name] for name in SUMS[whole]) if month else None for month in year]
            for whole in WATCHED
        },
        "last": last or {},
    }
    recent = {at: cells for at, cells in past.items() if at >= JUNE.plus(-12).number}
    return {"typed": typed, "values": values, "row": row, "served": served, "past": recent}


def expected(case: dict[str, Any]) -> dict[str, list]:
    values, served = case["values"], case["served"]
    cells = [count_rules.read_cell(name, text, served)[1] for name, text in case["typed"].items()]
    odd = row_oddities(DossierCount(field_id=1, **values), {(1, None): case["past"]}, JUNE)
    return {
        "cells": as_lists([fault for fault in cells if fault]),
        "faults": as_lists(count_rules.check_row(values, served)),
        "balance": [count_rules.balance_difference(values, served), count_rules.balance_text(values)],
        "warnings": as_lists([oddity.fault for oddity in odd]),
        "written": [formatting.format_count(value) for value in values.values()],
    }


def expected_report(cases: list[dict]) -> list[list]:
    rows = {at: case["values"] for at, case in enumerate(cases)}
    last = {at: case["row"]["last"] for at, case in enumerate(cases)}
    faults = (count_rules.check_nothing_reported(rows.values()), count_rules.check_odd_report(rows, last))
    return as_lists([fault for fault in faults if fault])


def some_report(chance: Random) -> list[dict]:
    cases = [some_row(chance) for _ in range(chance.choice([1, 2, 9]))]
    whim = chance.choice(["as it is", "blank", "zeros", "same", "same but one"])
    for case in cases:
        if whim in ("blank", "zeros"):
            case["values"] = {
                name: None if whim == "blank" or chance.random() < 0.3 else 0 for name in MEASURES
            }
        elif whim.startswith("same"):
            case["row"]["last"] = dict(case["values"])
    if whim == "same but one":
        cases[-1]["row"]["last"]["opening"] = 7
    return cases


@pytest.fixture
def rules_page(quiet_page: Page) -> Page:
    """An empty page with the rules as data and the validation script."""
    data = json.dumps(count_rules.rules_as_data(date(2022, 6, 14))).replace("<", "\\u003c")
    quiet_page.set_content(f'<script id="rules" type="application/json">{data}</script>')
    quiet_page.add_script_tag(path=SCRIPT)
    return quiet_page


def test_the_browser_judges_as_the_server_does(rules_page):
    chance = Random(20220812)
    texts = [typed for typed, _ in (*READ, *REFUSED, *REFUSED_TYPED)] + [
        some_text(chance) for _ in range(600)
    ]
    cases = [some_row(chance) for _ in range(600)]
    reports = [some_report(chance) for _ in range(80)]
    answer = rules_page.evaluate(
        JUDGE,
        {
            "texts": texts,
            "rows": [{key: case[key] for key in ("typed", "values", "row")} for case in cases],
            "reports": [[[case["values"], case["row"]] for case in report] for report in reports],
        },
    )
    for text, (value, message) in zip(texts, answer["texts"], strict=True):
        number, fault = count_rules.read_cell("opening", text, frozenset(MEASURES))
        assert (value, message) == (number, fault.message if fault else None), repr(text)
    for case, judged in zip(cases, answer["rows"], strict=True):
        assert judged == expected(case), case
    for report, judged in zip(reports, answer["reports"], strict=True):
        assert judged == expected_report(report), report
    # The cases must cover every rule that a page can break.
    broken = {
        fault[0]
        for judged in answer["rows"]
        for part in ("cells", "faults", "warnings")
        for fault in judged[part]
    }
    broken |= {fault[0] for judged in answer["reports"] for fault in judged}
    assert broken == set(RULES) - {"mixed_level"}
