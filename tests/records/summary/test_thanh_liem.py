"""Thanh Liêm of 2022 and its successors of 1 July 2025: both bases agree where the territory does."""

import random
from datetime import date
from fractions import Fraction
from types import SimpleNamespace

import pytest

from core.database import analyze_tables
from figures.periods import Month, Period
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from tests.records.conftest import balanced, entered
from tests.units.succession import successions
from units.lifecycle.imports import import_successions, import_units
from units.models import Unit
from units.tree.queries import resolve_code
from units.tree.rules import UnitDraft

LAST_DAY, TODAY = date(2025, 6, 30), date(2026, 11, 26)
FOLDER = "fixtures/thanhliem"
OFFICES = ("phong-noi-vu", "van-phong")
pytestmark = pytest.mark.django_db
PHU_LY = (
    "code,name,kind,tier,parent,active_from,active_until\n"
    "347,thành phố Phủ Lý,committee,district,35,2020-07-01,2025-06-30\n"
    "13297,phường Thanh Tuyền,committee,commune,347,2020-07-01,2025-06-30\n"
)


def loaded(name: str, reader) -> None:
    with open(f"{FOLDER}/{name}", "rb") as file:
        result = reader(file.read(), name, by=None)
    assert result.faults == [], result.faults


@pytest.fixture
def merged(fields, settings) -> SimpleNamespace:
    """Random months of every commune and two offices, then the real merger of the whole district."""
    loaded("units.csv", import_units)
    assert not import_units(PHU_LY.encode(), "phu-ly.csv", by=None).faults
    chance = random.Random(20250701)
    for unit in Unit.objects.filter(has_children=False).exclude(kind="external"):
        if unit.tier == "commune" or unit.code in OFFICES:
            for month in Month.range(Month(2022, 1), Month(2022, 3)):
                rows = {
                    (fields.chung.pk, None): balanced(chance.randint(0, 300), online=chance.randint(0, 90))
                }
                entered(unit, month, rows)
    loaded("units-2025.csv", import_units)
    loaded("successions-2025.csv", import_successions)
    more = b"old_code,new_code,on,share\n13297,13285,2025-07-01,1\n"
    assert not import_successions(more, "more.csv", by=None).faults
    # Tables that only ever held what was rolled back look empty to PostgreSQL's planner: one query took minutes.
    analyze_tables()
    return SimpleNamespace(old=resolve_code("351@2022-06-30", TODAY), new=resolve_code("37", TODAY))


@pytest.mark.parametrize("period", ["2022-M01", "2022-M02", "2022-M03", "2022-M01..M03"])
def test_communes_of_today_hold_what_their_communes_reported(merged, period):
    when = Period.parse(period)
    reported = {row.key: row.figures for row in summary(FiguresQuery(merged.old, when, by="unit")).rows}
    today = {
        row.key: row.figures for row in summary(FiguresQuery(merged.new, when, by="unit", today=TODAY)).rows
    }
    heirs: dict[str, list] = {}
    with open(f"{FOLDER}/successions-2025.csv", encoding="utf-8") as file:
        for line in file.read().split()[1:]:
            old, new, *_ = line.split(",")
            heirs.setdefault(new, []).append(old)
    for new in ("13456", "13474", "13483", "13489", "13495"):
        olds = [reported[old] for old in heirs[new]]
        for name, value in today[new].counts.items():
            parts = [old.counts[name] for old in olds if old.counts[name] is not None]
            assert value == (sum(parts) if parts else None), (new, name)
        assert today[new].completeness.expected == 3 * len(when.months)
        assert not today[new].estimated
    wards = summary(FiguresQuery(Unit.objects.get(code="13297"), when)).total
    assert (
        today["13285"].counts["received"] == reported["13441"].counts["received"] + wards.counts["received"]
    )


def test_the_district_that_ended_stays_readable_and_adds_up(merged):
    when = Period.parse("2022-M01..M03")
    reported = summary(FiguresQuery(merged.old, when))
    today = summary(FiguresQuery(merged.old, when, by="unit", today=TODAY))
    for current, original in zip(
        (today.total, *dict(today.tiers).values()),
        (reported.total, *dict(reported.tiers).values()),
        strict=True,
    ):
        assert current.counts == original.counts and dict(current.shares) == dict(original.shares)
        assert current.completeness.text() == original.completeness.text()
    assert today.unit == f"351@{LAST_DAY}"
    keys = {row.key for row in today.rows}
    assert {"13456", "13474", "13483", "13489", "13495", "13285", f"phong-noi-vu@{LAST_DAY}"} <= keys
    assert sum(row.figures.counts["received"] or 0 for row in today.rows) == reported.total.counts["received"]


def test_after_its_end_the_district_expects_nothing(merged):
    after = Period.parse("2025-M08")
    for today in (None, TODAY):
        result = summary(FiguresQuery(merged.old, after, today=today))
        assert (result.total.completeness.expected, result.total.counts["received"]) == (0, None)


def test_closed_units_report_their_last_month_and_new_ones_their_first(merged):
    """30 June is in the month from 15 June to 14 July: both have to report it."""
    last = Period.parse("2025-M07")
    assert summary(FiguresQuery(merged.old, last, tier="commune")).total.completeness.expected == 16
    assert summary(FiguresQuery(merged.new, last)).total.completeness.expected == 6
    assert (
        summary(
            FiguresQuery(merged.old, Period.parse("2025-M06"), tier="commune")
        ).total.completeness.expected
        == 16
    )
    assert summary(FiguresQuery(merged.new, Period.parse("2025-M06"))).total.completeness.expected == 0
    assert summary(FiguresQuery(merged.new, last, today=TODAY)).total.completeness.expected == 6 + 17


@pytest.mark.parametrize("by", [None, "unit", "field", "month"])
def test_differences_of_the_territory_are_named(merged, by):
    """Kiện Khê left the old district: it is now in Châu Sơn, which also has units from Phủ Lý."""
    when = Period.parse("2022-M01..M03")
    territory = summary(FiguresQuery(merged.old, when, by=by, today=TODAY)).territory
    assert dict(territory.partly) == {"13285": "phường Châu Sơn"} and not territory.equal
    assert {f"{code}@{LAST_DAY}" for code in OFFICES} <= dict(territory.ended).keys()
    assert not territory.came and not territory.left
    (sentence,) = (sentence for sentence in territory.sentences() if "Địa bàn cũ" in sentence)
    assert "phường Châu Sơn (13285)" in sentence
    ward = summary(FiguresQuery(resolve_code("13285", TODAY), when, today=TODAY))
    olds = {
        f"{code}@{LAST_DAY}": name
        for code, name in (("13441", "thị trấn Kiện Khê"), ("13297", "phường Thanh Tuyền"))
    }
    assert dict(ward.territory.came) == olds


def test_all_that_ended_are_counted_and_some_named(merged):
    """Fifteen offices more than the twelve that are named: of the old district and of its successors."""
    rows = [f"ban-{at},Ban số {at},office,district,351@{LAST_DAY},2020-07-01,{LAST_DAY}" for at in range(15)]
    head = "code,name,kind,tier,parent,active_from,active_until"
    assert not import_units("\n".join([head, *rows]).encode(), "ban.csv", by=None).faults
    when = Period.parse("2022-M01..M03")
    for unit, bodies in ((merged.old, 0), (merged.new, 1)):
        territory = summary(FiguresQuery(unit, when, today=TODAY)).territory
        assert len(territory.ended) == 12 and territory.more == {"ended": 15 + bodies}
        assert any(sentence.endswith(f" và {15 + bodies} đơn vị khác.") for sentence in territory.sentences())


def test_what_was_divided_within_the_old_district_comes_from_nowhere_else(merged):
    """Thanh Lâm has communes of the district only, so its halves lie wholly in it; Châu Sơn's lie there in part."""
    on = date(2026, 1, 1)
    for code in ("13489", "13285"):
        old = resolve_code(code, TODAY)
        halves = [
            successions.Part(
                UnitDraft(f"{code}-{at}", f"Nửa {at}", "committee", "commune", on, parent=old.parent),
                Fraction(1, 2),
            )
            for at in (1, 2)
        ]
        successions.replace([old], halves, on, by=None)
    territory = summary(FiguresQuery(merged.old, Period.parse("2022-M01..M03"), today=TODAY)).territory
    assert {key for key, _ in territory.partly} == {"13285-1", "13285-2"}
    assert {part["unit"] for part in territory.as_dict()["partly"]} == {"13285-1", "13285-2"}


def test_a_code_and_a_name_that_return_mean_another_unit(merged):
    """13489 was xã Thanh Nghị and is now xã Thanh Lâm; Tân Thanh was a town and is now a commune."""
    when = Period.parse("2022-M01..M03")
    for code, old_name, new_name in (
        ("13489", "xã Thanh Nghị", "xã Thanh Lâm"),
        ("13474", "thị trấn Tân Thanh", "xã Tân Thanh"),
    ):
        old, new = resolve_code(f"{code}@{LAST_DAY}", TODAY), resolve_code(code, TODAY)
        assert (old.name, new.name) == (old_name, new_name)
        reported, today = summary(FiguresQuery(old, when)), summary(FiguresQuery(new, when, today=TODAY))
        assert reported.unit == today.unit == code
        assert today.total.counts["received"] > reported.total.counts["received"] > 0
        assert summary(FiguresQuery(new, when)).total.counts["received"] is None
