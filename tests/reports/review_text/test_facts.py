"""Facts that a text may quote, with text and source, and facts about ranking."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from figures.completeness import MissingMonth
from figures.periods import Month, Period
from figures.rates import Placement, rates_in
from figures.summary import RowInput, build_summary
from figures.tally import Tally
from reports.review_text import bound_text, facts
from tests.figures.strategies import TALLIES

from .test_sentences import COMMUNES, HALF, OFFICES, summary_of

EARLIER = Period.parse("2021-H1")


def test_what_is_known_of_a_half_year():
    now = summary_of(district=OFFICES, commune=COMMUNES)
    before = summary_of(district=OFFICES | {"received_direct": 600}, commune=COMMUNES)
    goals = [{"rate": "online", "tier": "commune", "percent": "15.0", "source": "Kế hoạch"}]
    by_key = facts.summary_facts(now, before, goals)
    expected = {
        "now.district.received_direct": "463",
        "now.district.share.direct": "48,2%",
        "now.commune.share.postal": "0,03%",
        "before.district.received_direct": "600",
        "change.district.received_direct": "giảm 137 hồ sơ",
        "change.district.online": "tăng 6,5 điểm phần trăm",
        "change.commune.online": "không đổi",
        "target.online.commune": "15,0%",
        "gap.online.commune": "thấp hơn chỉ tiêu 2,4 điểm phần trăm",
        "completeness.commune": "6/6 báo cáo tháng",
        "missing.count": "0",
        "now.total.resolved": "—",
    }
    assert {key: by_key[key].text for key in expected} == expected
    assert by_key["now.commune.received"].link == "/?unit=351&period=2022-H1&by=unit&tier=commune"
    assert by_key["now.total.resolved"].value is None


def test_a_whole_with_blanks_is_not_sure():
    by_key = facts.summary_facts(summary_of(blanks={"received": 1}, commune=COMMUNES), None)
    share = by_key["now.commune.share.online"]
    assert share.value is None and share.text == "12,6% (chưa đủ)"


def test_an_indicator():
    indicator = {
        "code": "thu-vien",
        "name": "Dùng thư viện điện tử",
        "numerator_name": "Người dùng",
        "denominator_name": "Cán bộ",
        "is_share": True,
        "numerator": 114,
        "denominator": 120,
        "percent": "95.0",
        "target": "90.0",
        "before_percent": None,
        "source": "Tin 12/8/2022",
    }
    by_key = facts.summary_facts(summary_of(commune=COMMUNES), None, (), [indicator])
    assert by_key["indicator.thu-vien.percent"].text == "95,0%"
    assert by_key["indicator.thu-vien.gap"].text == "vượt chỉ tiêu 5,0 điểm phần trăm"
    assert by_key["indicator.thu-vien.change"].value is None


@given(TALLIES, TALLIES)
def test_every_fact_can_be_quoted_and_read_back(tally, other):
    now, before = (
        build_summary(
            unit="351", unit_name="Huyện [A]", period=period, tiers={"commune": [(period.last, counts)]}
        )
        for period, counts in ((HALF, tally), (EARLIER, other))
    )
    for key, fact in facts.summary_facts(now, before).items():
        assert fact.name and fact.source
        (runs,) = bound_text.parse_paragraphs(f"Có {bound_text.token(key, fact.text)} hồ sơ")
        assert (runs[1].key, runs[1].text) == (key, fact.text)
        if fact.value is None:
            assert fact.text == "—" or "chưa đủ" in fact.text


def test_nothing_reported_is_no_figure():
    empty = build_summary(
        unit="351",
        unit_name="Huyện",
        period=HALF,
        tiers={"commune": [(HALF.last, Tally.of({}))]},
    )
    by_key = facts.summary_facts(empty, empty)
    assert {by_key[key].text for key in by_key if key.startswith("change.")} == {"—"}


ONLINE = {"a": (50, 50), "b": (90, 10), "c": (80, 20), "d": (50, 50)}


def summary(online=ONLINE, period=HALF, missing=()):
    rows = [RowInput(key, f"xã {key}", [(period.last, tally(*counts))]) for key, counts in online.items()]
    total = [(period.last, tally(*counts)) for counts in online.values()]
    return build_summary(
        unit="351", unit_name="huyện", period=period, tiers={"commune": total},
        missing={"commune": missing}, by="unit", rows=rows,
    )  # fmt: skip


def tally(direct, online, estimated=False, reported=6) -> Tally:
    counts = {"received_direct": direct, "received_online_full": online}
    return replace(Tally.of(counts, reported=reported, expected=6), estimated=estimated)


def ranking(now, before=None, **more):
    return facts.ranking_facts(now, before, {row.key: "commune" for row in now.rows}, **more)


def test_first_and_last_of_a_tier():
    by_key = ranking(summary(), targets=[{"rate": "online", "tier": "", "percent": "20.0", "source": ""}])
    texts = {key: fact.text for key, fact in by_key.items() if ".online" in key}
    assert texts == {
        "ranked.commune.online": "4",
        "reached.commune.online": "3",
        "best.commune.online.unit": "xã a và xã d",
        "best.commune.online.value": "50,0%",
        "worst.commune.online.unit": "xã b",
        "worst.commune.online.value": "10,0%",
    }


def test_a_unit_that_lacks_a_month_is_neither_first_nor_last():
    """As on the dashboard."""
    by_key = ranking(summary(ONLINE | {"x": (0, 100, False, 5), "y": (100, 0, False, 5)}))
    assert by_key["ranked.commune.online"].value == 6
    assert by_key["best.commune.online.unit"].text == "xã a và xã d"
    assert by_key["worst.commune.online.unit"].text == "xã b"


def test_an_estimate_is_neither_first_nor_last():
    """Parts of a divided unit may reach a target, but are not named as best or worst."""
    by_key = ranking(summary(ONLINE | {"x": (0, 100, True), "y": (100, 0, True)}))
    assert by_key["ranked.commune.online"].value == 6
    assert by_key["best.commune.online.unit"].text == "xã a và xã d"
    worst = by_key["worst.commune.online.unit"]
    assert worst.text == "xã b"
    assert worst.source.endswith(
        "; 6 đơn vị có số liệu, không xếp 2 đơn vị thiếu báo cáo hoặc có số ước tính"
    )
    few = ranking(summary({"a": (1, 1), "b": (1, 3), "x": (0, 100, True)}))
    assert few["ranked.commune.online"].value == 3 and "best.commune.online.unit" not in few


def test_few_or_equal_units_have_no_first():
    for online in ({"a": (1, 1), "b": (1, 3)}, {"a": (1, 1), "b": (1, 1), "c": (2, 2)}, {}):
        assert not any(key.startswith(("best", "worst")) for key in ranking(summary(online)))


def test_many_at_one_place_are_counted():
    same = {str(number): (1, 1) for number in range(5)}
    assert ranking(summary(same | {"x": (3, 1)}))["best.commune.online.unit"].text == "5 đơn vị"


def test_silent_units_and_growth():
    missing = [MissingMonth("a", Month(2022, 5), "xã a"), MissingMonth("a", Month(2022, 6), "xã a")]
    earlier = summary({"a": (100, 0)}, HALF.same_last_year())
    by_key = ranking(summary(missing=missing), earlier)
    assert by_key["missing.units"].text == "xã a (2 tháng)"
    assert by_key["lacking.now.commune"].value == 0 and by_key["lacking.before.total"].value == 0
    assert by_key["growth.commune.received"].text == "tăng 300,0%"
    assert by_key["growth.commune.received_direct"].text == "tăng 170,0%"
    assert by_key["growth.commune.received_online"].value is None


def test_tasks():
    tasks = [
        {"outcome": "done", "deadline": "2022-03-01"},
        {"outcome": "open", "deadline": "2022-03-01"},
        {"outcome": "open", "deadline": "2022-12-01"},
        {"outcome": "not_done", "deadline": ""},
    ]
    by_key = ranking(summary(), tasks=tasks)
    values = {key: fact.value for key, fact in by_key.items() if key.startswith("tasks.")}
    assert values == {
        "tasks.set": 4, "tasks.done": 1, "tasks.open": 2, "tasks.not_done": 1, "tasks.overdue": 1
    }  # fmt: skip
    assert not any(key.startswith("tasks.") for key in ranking(summary()))


@given(st.lists(TALLIES, max_size=6), TALLIES)
def test_nobody_unknown_is_ranked(tallies, other):
    rows = [RowInput(str(n), f"xã {n}", [(HALF.last, counts)]) for n, counts in enumerate(tallies)]
    made = [
        build_summary(
            unit="351", unit_name="h", period=period, tiers={"commune": parts}, by="unit", rows=rows
        )
        for period, parts in (
            (HALF, [(HALF.last, counts) for counts in tallies]),
            (HALF.same_last_year(), [(HALF.same_last_year().last, other)]),
        )
    ]
    by_key = ranking(*made)
    for rate in (definition.key for definition in rates_in(Placement.RANKING)):
        sound = [
            row for row in made[0].rows
            if row.figures.share(rate).percent is not None and not row.figures.share(rate).partial
        ]  # fmt: skip
        ranked = by_key.get(f"ranked.commune.{rate}")
        assert (ranked.value if ranked else 0) == len(sound)
    assert all(fact.name and fact.source for fact in by_key.values())
