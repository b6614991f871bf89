"""Numbers typed into a text are found, parsed and matched with facts."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.periods import Period
from figures.summary import build_summary
from figures.tally import Tally
from reports.review_text import facts, typed_numbers
from tests.figures.strategies import TALLIES

from .test_sentences import COMMUNES, HALF, OFFICES, summary_of

NONE = (
    "Ngày 12/8/2022, Nghị quyết 76/NQ-CP; Nghị định số 42/2022/NĐ-CP.",
    "6 tháng đầu năm 2022, 9 tháng năm 2023, năm 2021 và 2022",
    "giai đoạn 2021-2025, tháng 6/2022, quý 2/2022, quý III/2022",
    "từ tháng 1 đến tháng 6, các tháng 4, 5 và 6; tính đến 14/6; trước ngày 15 hằng tháng",
    "8 giờ 30, 14h, 07:30, phục vụ 24/7",
    "Quyết định 766, Đề án 06, Thông tư 01/2020/TT-VPCP, mẫu II.06a/VPCP/KSTT, kế hoạch số 12/KH-UBND, số 215/BC-UBND",
    "mức độ 3, 4; mức độ 3 và 4; ISO 9001:2015, TCVN ISO 9001:2015; Covid-19; 5G; công nghiệp 4.0; lần thứ 3; lớp 5",
    "xem mục 2.1, phụ lục 2, trang 14, điều 5, khoản 3, biểu 06a",
    "1. Kết quả", "2.1. Thể chế", "(1) Một là", "- 3) Ba là",
    "hai cấp, ba xã",
)  # fmt: skip
FOUND = (
    ("tiếp nhận 14.712 hồ sơ, đạt 87,4%", ["14.712", "87,4%"]),
    ("tổng số 463 hồ sơ; trong đó số 12 hồ sơ", ["463", "12"]),
    ("28/28 cơ quan (100%)", ["28", "28", "100%"]),
    ("tăng 6,3 điểm phần trăm so với năm 2021", ["tăng 6,3 điểm phần trăm"]),
    ("trực tuyến một phần 12 hồ sơ, toàn trình 5 hồ sơ", ["12", "5"]),
    ("ban hành 12 quyết định, 3 kế hoạch.", ["12", "3"]),
    ("đạt 95 %, còn 4 phần trăm", ["95 %", "4 phần trăm"]),
    ("đến 463 hồ sơ, sau 5 ngày", ["463", "5"]),
    ("năm 2022 có 2022 hồ sơ", ["2022"]),
    ("tỷ lệ 12.6%, 1.234.567 đồng, 0,03%", ["12.6%", "1.234.567", "0,03%"]),
    ("tháng 6 nhận 12 hồ sơ", ["12"]),
    ("có 3 lớp tập huấn, 120 người", ["3", "120"]),
)


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_figure(text):
    assert [number.text for number in typed_numbers.find_numbers(text)] == []


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_figures_are_found_where_they_stand(text, expected):
    numbers = typed_numbers.find_numbers(text)
    assert [number.text for number in numbers] == expected
    assert all(text[number.start : number.end] == number.text for number in numbers)


def test_kind_value_and_noun():
    one, two, three, *more = typed_numbers.find_numbers(
        "có 14.712 hồ sơ, đạt 87,4%, giảm 6,3 điểm phần trăm, tăng 137 hồ sơ, giảm 6,9%, thấp hơn chỉ tiêu 2,4 điểm"
    )
    assert (one.kind, one.value, one.noun) == (typed_numbers.COUNT, Decimal(14712), "hồ sơ")
    assert (two.kind, two.value) == (typed_numbers.PERCENT, Decimal("87.4"))
    assert (three.kind, three.value) == (typed_numbers.POINTS, Decimal("-6.3"))
    assert [(other.text, other.kind, other.value) for other in more] == [
        ("tăng 137 hồ sơ", typed_numbers.MORE, Decimal(137)),
        ("giảm 6,9%", typed_numbers.GROWTH, Decimal("-6.9")),
        ("thấp hơn chỉ tiêu 2,4 điểm", typed_numbers.POINTS, Decimal("-2.4")),
    ]


def test_a_number_in_the_middle_numbers_nothing():
    assert [number.text for number in typed_numbers.find_numbers("5. ", begins=False)] == ["5"]


@given(st.text(st.sampled_from("0123456789.,/%- ạsốngàytháng()\n²"), max_size=40))
def test_any_text_is_read(text):
    for number in typed_numbers.find_numbers(text):
        assert text[number.start : number.end] == number.text and number.value is not None


LONG = {
    "one number": ("1" * 200_000, 1),
    "a document's number": ("số 1/" + "1" * 190_000 + ",1", 1),
    "numbers and names": ("5 hồ sơ ngày 1/2/2022, " * 9_000, 9_000),
    "a list": ("tháng 1" + ",1" * 95_000 + "%", 1),
}


@pytest.mark.parametrize(("text", "count"), LONG.values(), ids=LONG)
def test_a_section_of_200_kb_is_read_in_time(text, count):
    begun = time.process_time()
    assert len(typed_numbers.find_numbers(text)) == count
    assert time.process_time() - begun < 2


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
    # The exact figure.
    ("Cấp huyện tiếp nhận trực tiếp 463 hồ sơ.", "same", "now.district.received_direct"),
    ("Cấp xã tiếp nhận trực tiếp đạt 87,4%.", "same", "now.commune.share.direct"),
    ("Có 14.700 hồ sơ.", "same", "now.commune.received_direct"),
    ("Tỷ lệ trực tuyến cấp huyện tăng 6,5 điểm phần trăm so với cùng kỳ.", "same", "change.district.online"),
    ("Cán bộ sử dụng thư viện điện tử đạt 95,0%.", "same", "indicator.thu-vien.percent"),
    ("Có 114 người thường xuyên sử dụng thư viện điện tử.", "same", "indicator.thu-vien.numerator"),
    # Rounded in the right direction.
    ("Cấp huyện trực tiếp hơn 460 hồ sơ.", "same", "now.district.received_direct"),
    ("Cấp huyện trực tiếp trên 48%.", "same", "now.district.share.direct"),
    # A typo, an outdated figure, the wrong direction.
    ("Cấp huyện tiếp nhận trực tiếp 436 hồ sơ.", "looks_like", "now.district.received_direct"),
    ("Cấp huyện tiếp nhận trực tiếp 460 hồ sơ.", "looks_like", "now.district.received_direct"),
    ("Cấp huyện trực tiếp hơn 465 hồ sơ.", "looks_like", "now.district.received_direct"),
    ("Cấp xã tiếp nhận trực tiếp 84,7%.", "looks_like", "now.commune.share.direct"),
    ("Đã nhận 14.070 hồ sơ.", "looks_like", "now.commune.received_direct"),
    ("Cấp xã giải quyết quá hạn 12 hồ sơ.", "looks_like", "now.commune.resolved_late"),
    ("Trực tuyến cấp huyện giảm 6,5 điểm phần trăm so với cùng kỳ.", "looks_like", "change.district.online"),
    ("Cùng kỳ cấp huyện tiếp nhận trực tiếp 601 hồ sơ.", "looks_like", "before.district.received_direct"),
    ("Cán bộ sử dụng thư viện điện tử đạt 94,0%.", "looks_like", "indicator.thu-vien.percent"),
    # No such fact.
    ("Ban hành 12 văn bản chỉ đạo.", "unsourced", ""),
    ("Tổ chức 3 lớp tập huấn cho 463 người.", "unsourced", ""),
    ("Số hóa 87,4% tài liệu.", "unsourced", ""),
    ("Có 600 hồ sơ trực tiếp ở cấp huyện.", "unsourced", ""),
)  # fmt: skip


def read(sentence: str, known_facts=KNOWN, names=None) -> typed_numbers.NumberMatch:
    (number,) = typed_numbers.find_numbers(sentence)[-1:]
    return typed_numbers.match_number(
        number, sentence, typed_numbers.KnownNumbers(known_facts, names or {}).candidates(sentence)
    )


@pytest.mark.parametrize(("sentence", "state", "key"), CASES)
def test_what_a_typed_number_is(sentence, state, key):
    assert read(sentence) == typed_numbers.NumberMatch(state, key)


def test_a_unit_counts_where_it_is_named():
    unit = {"unit.13474.received_direct": facts.Fact("412", 412, "Tiếp nhận trực tiếp", "")}
    names = {"13474": "thị trấn Tân Thanh"}
    assert read("Thị trấn Tân Thanh nhận trực tiếp 421 hồ sơ.", unit, names).state == "looks_like"
    assert read("Xã khác nhận trực tiếp 421 hồ sơ.", unit, names).state == "unsourced"


@given(TALLIES, TALLIES)
def test_a_printed_figure_is_never_taken_for_another_value(tally, other):
    """A printed figure typed again with its words matches a fact of the same value, whatever its key."""
    now, before = (
        build_summary(
            unit="351", unit_name="Huyện", period=period, tiers={"commune": [(period.last, counts)]}
        )
        for period, counts in ((HALF, tally), (Period.parse("2021-H1"), other))
    )
    known_facts = facts.summary_facts(now, before)
    for key in ("now.commune.received_direct", "now.commune.share.online", "now.commune.resolved_late"):
        if known_facts[key].value is None:
            continue
        word = typed_numbers.WORDS[key.rpartition(".")[2]][0]
        noun = "" if known_facts[key].text.endswith("%") else " hồ sơ"
        match = read(f"Cấp xã {word} {known_facts[key].text}{noun}.", known_facts)
        assert match.state == "same" and known_facts[match.key].text == known_facts[key].text


def test_nothing_known_is_no_source():
    empty = build_summary(
        unit="351", unit_name="Huyện", period=HALF, tiers={"commune": [(HALF.last, Tally.of({}))]}
    )
    assert read("Cấp xã trực tiếp 463 hồ sơ.", facts.summary_facts(empty, None)).state == "unsourced"
