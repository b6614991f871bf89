"""Text with bound figures: parsed, written, and shown without its tokens."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.review_text import bound_text
from reports.review_text.bound_text import TextRun

KEYS = st.from_regex(bound_text.KEY, fullmatch=True)
WORDS = st.text(st.sampled_from("a ạ1.,[]|\n\r\u00a0:@<"), max_size=30)
FIGURES = st.builds(TextRun, st.from_regex(r"[0-9]{1,3}(\.[0-9]{3})?%?", fullmatch=True), KEYS)
PARAGRAPHS = st.lists(st.lists(st.builds(TextRun, WORDS) | FIGURES, max_size=6), max_size=4)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", []),
        ("  \n\n \n", []),
        ("Một  dòng\ncòn lại", [["Một dòng còn lại"]]),
        ("A\n\nB\r\n \r\nC", [["A"], ["B"], ["C"]]),
        ("đạt [[now.total.share.online|14,7%]].", [["đạt ", ("now.total.share.online", "14,7%"), "."]]),
        ("[[a|1]][[b:c@2022-06-14|2]]", [[("a", "1"), ("b:c@2022-06-14", "2")]]),
        ("[[[a|1]]]", [["[", ("a", "1"), "]"]]),
        # Typed brackets, and tokens without an end.
        ("[[x]] và [[ có dấu|1]]", [["[[x]] và [[ có dấu|1]]"]]),
        ("còn [[a|12 hồ sơ", [["còn 12 hồ sơ"]]),
        ("còn [[a|12] hồ sơ [[b|3]]", [["còn 12 hồ sơ ", ("b", "3")]]),
        ("[[a|]] hết", [["hết"]]),
    ],
)
def test_read(body, expected):
    runs = [
        [run.text if not run.key else (run.key, run.text) for run in paragraph]
        for paragraph in bound_text.parse_paragraphs(body)
    ]
    assert runs == expected


@given(PARAGRAPHS)
def test_what_is_written_is_read_back(parts):
    body = bound_text.write_paragraphs(parts)
    read = bound_text.parse_paragraphs(body)
    assert bound_text.parse_paragraphs(bound_text.write_paragraphs(read)) == read
    assert bound_text.fact_keys(read) == bound_text.fact_keys(parts)
    assert not any(f"[[{key}|" in bound_text.plain_text(body) for key in bound_text.fact_keys(parts))


@given(WORDS)
def test_no_reader_sees_how_a_figure_is_stored(body):
    shown = bound_text.plain_text(f"{body}[[now.total.received|17.793]] {body}")
    assert "[[now" not in shown and "17.793" in shown


@given(PARAGRAPHS)
def test_as_data_and_back(parts):
    for runs in bound_text.parse_paragraphs(bound_text.write_paragraphs(parts)):
        assert bound_text.paragraph_from_data(bound_text.paragraph_to_data(runs)) == runs


def test_a_paragraph_of_the_first_format_is_one_text():
    assert bound_text.paragraph_from_data("Đạt 51,7%.") == (TextRun("Đạt 51,7%."),)


@pytest.mark.parametrize(("key", "text"), [("", "1"), ("a b", "1"), ("a", ""), ("a", "1]"), ("a", "1|2")])
def test_no_token_that_could_not_be_read(key, text):
    with pytest.raises(ValueError, match="no token"):
        bound_text.token(key, text)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Một câu.", ["Một câu."]),
        ("Câu một. Câu hai? Đúng. [[a|5]] hồ sơ.", ["Câu một. ", "Câu hai? ", "Đúng. ", "5 hồ sơ."]),
        ("Có [[a|14.712]] hồ sơ, đạt [[b|87,4%]]. Cấp xã.", ["Có 14.712 hồ sơ, đạt 87,4%. ", "Cấp xã."]),
        ("Nhận 14.712 hồ sơ v.v. và trả đủ", ["Nhận 14.712 hồ sơ v.v. và trả đủ"]),
    ],
)
def test_sentences(body, expected):
    (runs,) = bound_text.parse_paragraphs(body)
    assert list(map(bound_text.paragraph_text, bound_text.split_sentences(runs))) == expected


@given(PARAGRAPHS)
def test_sentences_lose_nothing(parts):
    for runs in bound_text.parse_paragraphs(bound_text.write_paragraphs(parts)):
        cut = bound_text.split_sentences(runs)
        assert "".join(map(bound_text.paragraph_text, cut)) == bound_text.paragraph_text(runs)
        assert [run for sentence in cut for run in sentence if run.key] == [run for run in runs if run.key]


@pytest.mark.parametrize(
    "body", ["[[a|x" * 800_000, "[[a|1]] b " * 20_000, "a\n\n" * 66_000, "\n \t" * 60_000, "[[" * 99_999]
)
def test_long_texts_are_read_in_time(body):
    """The first body is as long as a form accepts: unfinished tokens, each of which becomes plain text."""
    begun = time.process_time()
    bound_text.write_paragraphs(bound_text.parse_paragraphs(body)), bound_text.broken_tokens(body)
    assert time.process_time() - begun < 8
