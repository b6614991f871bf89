"""Printed Vietnamese breaks where a typesetter would break it, and the text itself is unchanged."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.pdf.line_breaks import LONGEST, printable, set_line

BOUND = re.compile(r'<span class="nb">(.*?)</span>')


@pytest.mark.parametrize(
    ("text", "together"),
    [
        ("tiếp nhận 14.712 hồ sơ, đạt 87,4% trong kỳ này", ["14.712 hồ"]),
        ("tăng 6,3 điểm phần trăm so với cùng kỳ năm trước đây", ["6,3 điểm"]),
        ("theo điểm a khoản 1 Điều 2 của Nghị định nói trên đây", ["điểm a khoản 1 Điều 2"]),
        ("từ ngày 15/12/2021 đến ngày 14/6/2022 như đã nêu trên", ["ngày 15/12/2021", "ngày 14/6/2022"]),
        ("trực tuyến mức độ 3, 4 là của cả hai cấp trong huyện", ["mức độ 3, 4"]),
        ("Báo cáo quý II năm 2022 và tháng 6 của đơn vị nêu trên", ["quý II", "năm 2022", "tháng 6"]),
        ("Phòng Lao động – Thương binh và Xã hội huyện thực hiện", ["động –"]),
        ("hai cấp, trong đó 3 đơn vị, 5 cuộc kiểm tra thường xuyên", ["3 đơn", "5 cuộc"]),
        ("số liệu của các đơn vị", []),
    ],
)
def test_what_belongs_together(text, together):
    # The long last word may stand alone, so that only the expected words are kept together.
    assert BOUND.findall(set_line(f"{text} nghiêng-ngả-đến-tận-cùng")) == together


def test_a_last_word_is_not_left_alone():
    assert BOUND.findall(set_line("các quyết định được cập nhật kịp thời.")) == ["kịp thời."]


@given(st.text())
def test_the_text_itself_is_unchanged(text):
    line = set_line(text)
    assert unescape(re.sub(r'<span class="nb">|</span>', "", line)) == text
    assert "<script" not in line


@given(
    st.lists(
        st.sampled_from("ngày 15 khoản 1 Điều a hồ sơ đơn vị 463 mức độ 3, 4 – năm".split()), max_size=40
    )
)
def test_nothing_too_long_is_kept_together(words):
    assert all(len(one) <= LONGEST for one in BOUND.findall(set_line(" ".join(words))))


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Tie\u0302\u0301ng Vie\u0323\u0302t", "Tiếng Việt"),
        ("đạt 🙂👨\u200d👩\u200d👧 cao", "đạt □ cao"),
        ("\u202eđảo\u202c chi\u200bều\u2066", "đảo chiều"),
        ("a\u00a0b – “c” → ≤ ÷ …", "a\u00a0b – “c” → ≤ ÷ …"),
        ("漢 عربي", "□ □"),
        ("x\x00\x0b\x1by\nz", "xy\nz"),
    ],
)
def test_only_letters_of_the_print_face(text, printed):
    assert printable(text) == printed


@given(st.text())
def test_printing_again_changes_nothing(text):
    assert printable(printable(text)) == printable(text)
