"""What differs between two reviews, from their documents alone."""

from hypothesis import given
from hypothesis import strategies as st

from reports.difference.text_diff import TextPiece, changed_figures, changed_sections, changed_words
from reports.review_text.facts import Fact


def fact(text: str, value=None, name: str = "Tiếp nhận") -> Fact:
    return Fact(text, value, name, "")


def test_figures_that_differ_are_told_once_with_by_how_much():
    old = {
        "now.commune.received": fact("14.712", 14712),
        "now.commune.share.direct": fact("87,4%", "87.4"),
        "change.commune.received": fact("tăng 5 hồ sơ", "tăng 5 hồ sơ"),
        "unit.1.received": fact("5", 5),
        "unit.2.received": fact("—", None),
        "same": fact("1", 1),
    }
    new = {
        "now.commune.received": fact("14.719", 14719),
        "now.commune.share.direct": fact("87,0%", "87.0"),
        "change.commune.received": fact("tăng 12 hồ sơ", "tăng 12 hồ sơ"),
        "unit.2.received": fact("1.000", 1000),
        "same": fact("1", 1),
    }
    told = [(one.key, one.old, one.new, one.by) for one in changed_figures(old, new)]
    assert told == [
        ("now.commune.received", "14.712", "14.719", "+7"),
        ("now.commune.share.direct", "87,4%", "87,0%", "giảm 0,4 điểm phần trăm"),
        ("unit.2.received", "—", "1.000", ""),
        ("unit.1.received", "5", "—", ""),
    ]


def test_words_that_end_in_a_share_have_no_gap():
    old = {"best": fact("xã A 12,5%", "xã A"), "of": fact("96/96, 100%", "96/96")}
    new = {"best": fact("xã B 13,0%", "xã B"), "of": fact("95/96, 99%", "95/96")}
    assert [one.by for one in changed_figures(old, new)] == ["", ""]


def test_falls_have_a_minus():
    assert changed_figures({"x": fact("14.719", 14719)}, {"x": fact("14.712", 14712)})[0].by == "−7"


def test_sections_tell_what_was_changed_added_and_taken_out():
    old = [
        ("a", "Một", ["Tiếp nhận 5 hồ sơ.", "Giữ nguyên."]),
        ("b", "Hai", ["Bỏ đi."]),
        ("c", "Ba", ["Như cũ."]),
    ]
    new = [
        ("a", "Một", ["Tiếp nhận 7 hồ sơ.", "Giữ nguyên.", "Thêm."]),
        ("c", "Ba mới", ["Như cũ."]),
        ("d", "Bốn", ["X"]),
    ]
    parts = changed_sections(old, new)
    assert [one.heading for one in parts] == ["Một", "Ba mới", "Bốn", "Hai"]
    assert parts[0].paragraphs == [
        [
            TextPiece("same", "Tiếp nhận"),
            TextPiece("gone", "5"),
            TextPiece("new", "7"),
            TextPiece("same", "hồ sơ."),
        ],
        [TextPiece("new", "Thêm.")],
    ]
    assert parts[1].paragraphs == [[TextPiece("same", "Ba"), TextPiece("new", "mới")]]
    assert parts[3].paragraphs == [[TextPiece("gone", "Hai")], [TextPiece("gone", "Bỏ đi.")]]


texts = st.lists(st.text("ab ", max_size=6), max_size=5)


@given(texts, texts)
def test_both_sides_can_be_read_back(old, new):
    for before, after in zip(old, new, strict=False):
        pieces = changed_words(before, after)
        assert " ".join(one.text for one in pieces if one.kind != "new") == before or not before
        assert " ".join(one.text for one in pieces if one.kind != "gone") == after or not after


@given(texts)
def test_what_is_the_same_differs_in_nothing(paragraphs):
    assert changed_sections([("a", "A", paragraphs)], [("a", "A", paragraphs)]) == []
