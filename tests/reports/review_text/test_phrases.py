"""Phrases: parsed, refused with a position, rendered only where their facts are known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.review_text import phrases
from reports.review_text.bound_text import TextRun
from reports.review_text.facts import Fact, is_fact_name
from reports.review_text.phrases import Phrase, PhraseSubject

FACTS = {
    "now.commune.received": Fact("16.833", 16833, "Tiếp nhận", ""),
    "now.commune.share.online": Fact("12,6%", "12.6", "Tỷ lệ", ""),
    "before.commune.share.online": Fact("7,0%", "7.0", "Tỷ lệ", ""),
    "now.commune.resolved_late": Fact("0", 0, "Quá hạn", ""),
    "now.commune.pending": Fact("—", None, "Đang giải quyết", ""),
    "change.commune.online": Fact("tăng 5,6 điểm phần trăm", "tăng 5,6 điểm phần trăm", "", ""),
    "gap.online.commune": Fact("thấp hơn chỉ tiêu 2,4 điểm phần trăm", "x", "", ""),
    "gap.on_time.commune": Fact("đạt chỉ tiêu", "đạt chỉ tiêu", "", ""),
}
COMMUNE = PhraseSubject("commune", "cấp xã")

WRONG = (
    ("a {x", 3, "chưa có dấu “}”"),
    ("a }", 3, "không có dấu “{”"),
    ("[a", 1, "chưa có dấu “]”"),
    ("ab [c [d]", 4, "chưa có dấu “]”"),
    ("a]", 2, "không có dấu “[”"),
    ("{ab cd}", 2, "không phải tên số liệu"),
    ("Có {nw.total.received}", 5, "không có số liệu nào tên"),
    ("a [now.total.x > 1 ? b]", 4, "không có số liệu nào tên"),
    ("[]", 1, "không có gì"),
    ("[now.total.received >> 2 ? b]", 2, "không phải điều kiện"),
)
WRONG_CONDITIONS = (
    ("now.total.received", 1, "không phải điều kiện"),
    ("now.total.received > 1..2", 22, "không phải số"),
    ("now.total.received có và a > 1", 26, "không có số liệu nào tên “a”"),
    ("now.total.received có\nx", 23, "không phải điều kiện"),
)


@pytest.mark.parametrize(("text", "place", "message"), WRONG)
def test_a_wrong_text_is_refused_with_its_place(text, place, message):
    with pytest.raises(phrases.PhraseError, match=f"^Ký tự {place}: ") as refused:
        phrases.check_phrase(text, is_fact_name)
    assert message in str(refused.value) and refused.value.at == place - 1


@pytest.mark.parametrize(("text", "place", "message"), WRONG_CONDITIONS)
def test_a_wrong_condition_is_refused_with_its_place(text, place, message):
    with pytest.raises(phrases.PhraseError, match=f"^Ký tự {place}: ") as refused:
        phrases.check_conditions(text, is_fact_name)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("", True),
        ("now.*.received > 16.000", True),
        ("now.*.received > 16.833", False),
        ("now.*.share.online > before.*.share.online", True),
        ("now.*.share.online >= 12,6 và now.*.resolved_late = 0", True),
        ("now.*.pending > 0", False),
        ("now.*.pending <= 0", False),
        ("now.*.pending có", False),
        ("now.*.pending không có", True),
        ("change.*.online > 0", True),
        ("gap.online.* < 0", True),
        ("gap.on_time.* >= 0 và gap.on_time.* ≤ 0", True),
    ],
)
def test_conditions(condition, holds):
    assert phrases.conditions_hold(phrases.check_conditions(condition, is_fact_name), FACTS, COMMUNE) is holds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{*} nhận {now.*.received} hồ sơ[, đạt {now.*.share.online}].",
            "Cấp xã nhận 16.833 hồ sơ, đạt 12,6%.",
        ),
        ("{*} còn {now.*.pending} hồ sơ.", ""),
        ("{*} nhận {now.*.received} hồ sơ[; còn {now.*.pending} hồ sơ].", "Cấp xã nhận 16.833 hồ sơ."),
        ("{*}[now.*.resolved_late > 0 ? , trễ {now.*.resolved_late}] xong", "Cấp xã xong"),
        ("{*}[now.*.resolved_late = 0 ? , trễ {now.*.resolved_late}] xong", "Cấp xã, trễ 0 xong"),
        ("[a[ {now.*.pending}]] b", "A b"),
        ("[a {now.*.pending}[ c]] ", ""),
        ("Có phải không?", "Có phải không?"),
    ],
)
def test_render_phrase(text, expected):
    runs = phrases.render_phrase(phrases.check_phrase(text, is_fact_name), FACTS, COMMUNE, {})
    assert "".join(run.text for run in runs) == expected


def test_figures_stay_bound():
    runs = phrases.render_phrase(phrases.parse_phrase("Đạt {now.*.share.online}."), FACTS, COMMUNE, {})
    assert runs == (TextRun("Đạt "), TextRun("12,6%", "now.commune.share.online"), TextRun("."))


def test_each_subject_gets_the_first_phrase_of_a_slot_that_its_facts_allow():
    def phrase(slot: str, text: str, of: str = "", condition: str = "", begins: bool = False) -> Phrase:
        return Phrase("a", slot, phrases.parse_phrase(text), phrases.parse_conditions(condition), of, begins)

    sections = phrases.render_sections(
        [
            phrase("1", "{*} lớn.", "tier", "now.*.received > 20.000"),
            phrase("1", "{*} nhỏ: {now.*.received}.", "tier"),
            phrase("1", "Không bao giờ.", "tier"),
            phrase("2", "Mới: {kỳ}.", begins=True),
            phrase("2", "Sau."),
        ],
        FACTS,
        {"tier": [PhraseSubject("district", "cấp huyện"), COMMUNE]},
        {"kỳ": "quý I"},
    )
    assert ["".join(run.text for run in runs) for runs in sections["a"]] == [
        "Không bao giờ. Cấp xã nhỏ: 16.833.",
        "Mới: quý I.",
    ]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("acd", ["Lạ chưa có số.", "Cơ quan: a%; UBND: c%; đơn vị: d%."]),
        ("d", ["Cơ quan chưa có số.", "Lạ chưa có số.", "UBND chưa có số.", "Đơn vị: d%."]),
        ("", ["Cơ quan chưa có số.", "Lạ chưa có số.", "UBND chưa có số.", "Đơn vị chưa có số."]),
    ],
)
def test_joined_phrases_become_one_sentence(keys, expected):
    choices = [
        Phrase("a", "1", phrases.parse_phrase("{*}: {indicator.*.percent}"), of="each", joined="; "),
        Phrase("a", "1", phrases.parse_phrase("{*} chưa có số."), of="each"),
    ]
    subjects = {
        "each": [
            PhraseSubject("a", "cơ quan"),
            PhraseSubject("b", "lạ"),
            PhraseSubject("c", "UBND"),
            PhraseSubject("d", "đơn vị"),
        ]
    }
    facts = {f"indicator.{key}.percent": Fact(f"{key}%", key, "", "") for key in keys}
    sentences = phrases.render_sentences(choices, facts, subjects, {})
    assert ["".join(run.text for run in runs) for runs in sentences] == expected
    assert "".join(
        run.text for runs in phrases.render_sections(choices, facts, subjects, {})["a"] for run in runs
    ) == " ".join(expected)


def test_names_may_look_like_phrases():
    named = PhraseSubject("a", "{đơn vị} [[now.x|1]] [x] %s", {"đơn vị tính": "{*}"})
    runs = phrases.render_phrase(
        phrases.parse_phrase("{*} ({đơn vị tính})"), FACTS, named, {"đơn vị": "huyện"}
    )
    assert "".join(run.text for run in runs) == "{đơn vị} [[now.x|1]] [x] %s ({*})"


@given(st.text(st.sampled_from("ab {}[]?*.> 0cóvà\n|"), max_size=40))
def test_any_text_is_read_or_refused_at_a_place_in_it(text):
    for read in (phrases.parse_phrase, phrases.parse_conditions):
        try:
            parsed = read(text)
        except phrases.PhraseError as refused:
            assert 0 <= refused.at <= len(text)
        else:
            assert isinstance(parsed, tuple)
