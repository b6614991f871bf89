"""Which known figure a typed number is, or is meant to be: by value and by the words around it."""

import pytest
from hypothesis import given

from figures.periods import Period
from figures.summary import build_summary
from figures.tally import Tally
from reports.review_text import facts, number_matching, typed_numbers
from tests.figures.strategies import TALLIES

from .test_sentences import COMMUNES, HALF, OFFICES, summary_of

NOW = summary_of(
    district=OFFICES | {"resolved_early": 900, "resolved_late": 21},
    commune=COMMUNES | {"resolved_early": 16000, "resolved_late": 121},
)
BEFORE = summary_of(district=OFFICES | {"received_direct": 600}, commune=COMMUNES)
INDICATOR = {
    "code": "thu-vien",
    "name": "Cán bộ thường xuyên sử dụng thư viện điện tử",
    "numerator_name": "Người dùng",
    "denominator_name": "Cán bộ",
    "is_share": True,
    "numerator": 114,
    "denominator": 120,
    "percent": "95.0",
    "target": "90.0",
    "before_percent": None,
    "source": "Tin",
}
KNOWN = facts.summary_facts(NOW, BEFORE, [], [INDICATOR])

CASES = (
    # The very figure.
    ("Cấp huyện tiếp nhận trực tiếp 463 hồ sơ.", "same", "now.district.received_direct"),
    ("Cấp xã tiếp nhận trực tiếp đạt 87,4%.", "same", "now.commune.share.direct"),
    ("Có 14.700 hồ sơ.", "same", "now.commune.received_direct"),
    ("Tỷ lệ trực tuyến cấp huyện tăng 6,5 điểm phần trăm so với cùng kỳ.", "same", "change.district.online"),
    ("Cán bộ sử dụng thư viện điện tử đạt 95,0%.", "same", "indicator.thu-vien.percent"),
    ("Có 114 người thường xuyên sử dụng thư viện điện tử.", "same", "indicator.thu-vien.numerator"),
    # Said roughly, on the right side.
    ("Cấp huyện trực tiếp hơn 460 hồ sơ.", "same", "now.district.received_direct"),
    ("Cấp huyện trực tiếp trên 48%.", "same", "now.district.share.direct"),
    # A slip, an older figure, the wrong direction.
    ("Cấp huyện tiếp nhận trực tiếp 436 hồ sơ.", "looks_like", "now.district.received_direct"),
    ("Cấp huyện tiếp nhận trực tiếp 460 hồ sơ.", "looks_like", "now.district.received_direct"),
    ("Cấp huyện trực tiếp hơn 465 hồ sơ.", "looks_like", "now.district.received_direct"),
    ("Cấp xã tiếp nhận trực tiếp 84,7%.", "looks_like", "now.commune.share.direct"),
    ("Đã nhận 14.070 hồ sơ.", "looks_like", "now.commune.received_direct"),
    ("Cấp xã giải quyết quá hạn 12 hồ sơ.", "looks_like", "now.commune.resolved_late"),
    ("Trực tuyến cấp huyện giảm 6,5 điểm phần trăm so với cùng kỳ.", "looks_like", "change.district.online"),
    ("Cùng kỳ cấp huyện tiếp nhận trực tiếp 601 hồ sơ.", "looks_like", "before.district.received_direct"),
    ("Cán bộ sử dụng thư viện điện tử đạt 94,0%.", "looks_like", "indicator.thu-vien.percent"),
    # Nothing that is known.
    ("Ban hành 12 văn bản chỉ đạo.", "unsourced", ""),
    ("Tổ chức 3 lớp tập huấn cho 463 người.", "unsourced", ""),
    ("Số hóa 87,4% tài liệu.", "unsourced", ""),
    ("Có 600 hồ sơ trực tiếp ở cấp huyện.", "unsourced", ""),
)  # fmt: skip


def read(sentence: str, known=KNOWN, names=None) -> number_matching.NumberMatch:
    (number,) = typed_numbers.find_numbers(sentence)[-1:]
    return number_matching.match_number(
        number, sentence, number_matching.KnownNumbers(known, names or {}).candidates(sentence)
    )


@pytest.mark.parametrize(("sentence", "state", "key"), CASES)
def test_what_a_typed_number_is(sentence, state, key):
    assert read(sentence) == number_matching.NumberMatch(state, key)


def test_a_unit_counts_where_it_is_named():
    unit = {"unit.13474.received_direct": facts.Fact("412", 412, "Tiếp nhận trực tiếp", "")}
    names = {"13474": "thị trấn Tân Thanh"}
    assert read("Thị trấn Tân Thanh nhận trực tiếp 421 hồ sơ.", unit, names).state == "looks_like"
    assert read("Xã khác nhận trực tiếp 421 hồ sơ.", unit, names).state == "unsourced"


@given(TALLIES, TALLIES)
def test_a_printed_figure_is_never_taken_for_another_value(tally, other):
    """What is printed for a figure and typed again with its words is that value, whichever key it is found under."""
    now, before = (
        build_summary(unit="351", unit_name="Huyện", period=period, tiers={"commune": [(period.last, one)]})
        for period, one in ((HALF, tally), (Period.parse("2021-H1"), other))
    )
    known = facts.summary_facts(now, before)
    for key in ("now.commune.received_direct", "now.commune.share.online", "now.commune.resolved_late"):
        if known[key].value is None:
            continue
        word = number_matching.WORDS[key.rpartition(".")[2]][0]
        noun = "" if known[key].text.endswith("%") else " hồ sơ"
        found = read(f"Cấp xã {word} {known[key].text}{noun}.", known)
        assert found.state == "same" and known[found.key].text == known[key].text


def test_nothing_known_is_no_source():
    empty = build_summary(
        unit="351", unit_name="Huyện", period=HALF, tiers={"commune": [(HALF.last, Tally.of({}))]}
    )
    assert read("Cấp xã trực tiếp 463 hồ sơ.", facts.summary_facts(empty, None)).state == "unsourced"
