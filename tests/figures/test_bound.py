"""Text with figures in it: read, written and shown without a trace of how it is stored."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures import bound as b
from figures.bound import Run

KEYS = st.from_regex(b.KEY, fullmatch=True)
WORDS = st.text(st.sampled_from("a ạ1.,[]|\n\r\u00a0:@<"), max_size=30)
FIGURES = st.builds(Run, st.from_regex(r"[0-9]{1,3}(\.[0-9]{3})?%?", fullmatch=True), KEYS)
PARAGRAPHS = st.lists(st.lists(st.builds(Run, WORDS) | FIGURES, max_size=6), max_size=4)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", []),
        ("  \n\n \n", []),
        ("Một  dòng\ncòn lại", [["Một dòng còn lại"]]),
        ("A\n\nB\r\n \r\nC", [["A"], ["B"], ["C"]]),
        ("đạt [[now.total.share.online|14,7%]].", [["đạt ", ("now.total.share.online", "14,7%"), "."]]),
        ("[[a|1]][[b:c@2022-06-14|2]]", [[("a", "1"), ("b:c@2022-06-14", "2")]]),
        ("[[[a|1]]]", [["[", ("a", "1"), "]"]]),
        # Brackets that somebody types, and figures whose end got lost.
        ("[[x]] và [[ có dấu|1]]", [["[[x]] và [[ có dấu|1]]"]]),
        ("còn [[a|12 hồ sơ", [["còn 12 hồ sơ"]]),
        ("còn [[a|12] hồ sơ [[b|3]]", [["còn 12 hồ sơ ", ("b", "3")]]),
        ("[[a|]] hết", [["hết"]]),
    ],
)
def test_read(body, told):
    runs = [[run.text if not run.key else (run.key, run.text) for run in one] for one in b.paragraphs(body)]
    assert runs == told


@given(PARAGRAPHS)
def test_what_is_written_is_read_back(parts):
    body = b.write(parts)
    read = b.paragraphs(body)
    assert b.paragraphs(b.write(read)) == read
    assert b.keys(read) == b.keys(parts)
    assert not any(f"[[{key}|" in b.plain(body) for key in b.keys(parts))


@given(WORDS)
def test_no_reader_sees_how_a_figure_is_stored(body):
    shown = b.plain(f"{body}[[now.total.received|17.793]] {body}")
    assert "[[now" not in shown and "17.793" in shown


@given(PARAGRAPHS)
def test_as_data_and_back(parts):
    for runs in b.paragraphs(b.write(parts)):
        assert b.from_data(b.as_data(runs)) == runs


def test_a_paragraph_of_the_first_format_is_one_text():
    assert b.from_data("Đạt 51,7%.") == (Run("Đạt 51,7%."),)


@pytest.mark.parametrize(("key", "text"), [("", "1"), ("a b", "1"), ("a", ""), ("a", "1]"), ("a", "1|2")])
def test_no_token_that_could_not_be_read(key, text):
    with pytest.raises(ValueError, match="no token"):
        b.token(key, text)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Một câu.", ["Một câu."]),
        ("Câu một. Câu hai? Đúng. [[a|5]] hồ sơ.", ["Câu một. ", "Câu hai? ", "Đúng. ", "5 hồ sơ."]),
        ("Có [[a|14.712]] hồ sơ, đạt [[b|87,4%]]. Cấp xã.", ["Có 14.712 hồ sơ, đạt 87,4%. ", "Cấp xã."]),
        ("Nhận 14.712 hồ sơ v.v. và trả đủ", ["Nhận 14.712 hồ sơ v.v. và trả đủ"]),
    ],
)
def test_sentences(body, told):
    (runs,) = b.paragraphs(body)
    assert [b.plain_of(one) for one in b.sentences(runs)] == told


@given(PARAGRAPHS)
def test_sentences_lose_nothing(parts):
    for runs in b.paragraphs(b.write(parts)):
        cut = b.sentences(runs)
        assert "".join(map(b.plain_of, cut)) == b.plain_of(runs)
        assert [run for one in cut for run in one if run.key] == [run for run in runs if run.key]


@pytest.mark.parametrize(
    "body", ["[[a|x" * 800_000, "[[a|1]] b " * 20_000, "a\n\n" * 66_000, "\n \t" * 60_000, "[[" * 99_999]
)
def test_long_texts_are_read_in_time(body):
    """The first as long as a form takes: beginnings of figures, each of which becomes words."""
    begun = time.process_time()
    b.write(b.paragraphs(body)), b.broken(body)
    assert time.process_time() - begun < 8
