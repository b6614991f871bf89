"""Facts: every figure under a key, with its name, source and formula; nothing sure where a part is blank."""

from hypothesis import given

from figures.periods import Period
from figures.summary import build_summary
from figures.tally import Tally
from reports.review_text import bound_text, facts
from tests.figures.strategies import TALLIES

from .test_sentences import COMMUNES, HALF, OFFICES, summary_of

EARLIER = Period.parse("2021-H1")


def test_what_is_known_of_a_half_year():
    now = summary_of(district=OFFICES, commune=COMMUNES)
    before = summary_of(district=OFFICES | {"received_direct": 600}, commune=COMMUNES)
    goals = [{"rate": "online", "tier": "commune", "percent": "15.0", "source": "Kế hoạch"}]
    found = facts.summary_facts(now, before, goals)
    told = {
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
    assert {key: found[key].text for key in told} == told
    assert found["now.commune.received"].link == "/?unit=351&period=2022-H1&by=unit&tier=commune"
    assert found["now.total.resolved"].value is None


def test_a_whole_with_blanks_is_not_sure():
    found = facts.summary_facts(summary_of(blanks={"received": 1}, commune=COMMUNES), None)
    share = found["now.commune.share.online"]
    assert share.value is None and share.text == "12,6% (chưa đủ)"


def test_an_indicator():
    one = {
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
    found = facts.summary_facts(summary_of(commune=COMMUNES), None, (), [one])
    assert found["indicator.thu-vien.percent"].text == "95,0%"
    assert found["indicator.thu-vien.gap"].text == "vượt chỉ tiêu 5,0 điểm phần trăm"
    assert found["indicator.thu-vien.change"].value is None


@given(TALLIES, TALLIES)
def test_every_fact_can_be_quoted_and_read_back(tally, other):
    now, before = (
        build_summary(
            unit="351", unit_name="Huyện [A]", period=period, tiers={"commune": [(period.last, one)]}
        )
        for period, one in ((HALF, tally), (EARLIER, other))
    )
    for key, fact in facts.summary_facts(now, before).items():
        assert fact.name and fact.source
        (runs,) = bound_text.parse_paragraphs(f"Có {bound_text.token(key, fact.text)} hồ sơ")
        assert (runs[1].key, runs[1].text) == (key, fact.text)
        if fact.value is None:
            assert fact.text == "—" or "chưa đủ" in fact.text


def test_nothing_reported_is_no_figure():
    empty = build_summary(
        unit="351", unit_name="Huyện", period=HALF, tiers={"commune": [(HALF.last, Tally.of({}))]}
    )
    found = facts.summary_facts(empty, empty)
    assert {found[key].text for key in found if key.startswith("change.")} == {"—"}
