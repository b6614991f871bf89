"""The news item's sentences: facts and nothing else, and no claim without its figure."""

import json
from pathlib import Path

import pytest

from figures import bound, news
from figures.facts import Fact

TEMPLATES = json.loads((Path(__file__).parents[2] / "fixtures" / "news.json").read_text("utf-8"))[
    "paragraphs"
]
CLAUSES = [
    {"text": "{tier} tiếp nhận [[now.{key}.received]] hồ sơ"},
    {"text": ", trực tuyến {online} [[now.{key}.share.online]]"},
    {"text": ", bưu chính [[now.{key}.received_postal]]", "if": "now.{key}.received_postal"},
]


def fact(text: str, value) -> Fact:
    return Fact(text, value, "tên", "nguồn")


def told(known: dict[str, Fact], templates=None, **more) -> list[str]:
    names = {"tiers": [("commune", "cấp xã")], "indicators": [], "online": "mức độ 3, 4"} | more
    templates = templates or [{"for": "tier", "clauses": CLAUSES}]
    return [bound.plain_of(runs) for runs in news.paragraphs(templates, known, **names)]


@pytest.mark.parametrize(
    ("online", "postal", "expected"),
    [
        (fact("12,6%", "12.6"), fact("5", 5), ", trực tuyến mức độ 3, 4 12,6%, bưu chính 5"),
        (fact("12,6% (chưa đủ)", None), fact("5", 5), ", bưu chính 5"),
        (fact("0%", "0.0"), fact("0", 0), ", trực tuyến mức độ 3, 4 0%"),
        (fact("—", None), fact("—", None), ""),
    ],
)
def test_what_is_not_known_is_not_claimed(online, postal, expected):
    known = {"now.commune.received": fact("16.833", 16833)}
    known |= {"now.commune.share.online": online, "now.commune.received_postal": postal}
    assert told(known) == [f"Cấp xã tiếp nhận 16.833 hồ sơ{expected}."]


def test_without_its_first_figure_a_paragraph_is_left_out():
    assert told({"now.commune.share.online": fact("12,6%", "12.6")}) == []


def test_names_may_look_like_templates():
    clauses = [{"text": "{name}: đạt [[indicator.{key}.percent]]"}]
    known = {"indicator.a.percent": fact("100%", "100.0")}
    found = told(
        known,
        [{"for": "indicators", "clauses": clauses}],
        indicators=[("a", "{key} [[now.x]] %s"), ("b", "Lạ")],
    )
    assert found == ["{key} [[now.x]] %s: đạt 100%."]


def test_indicators_are_one_sentence_and_the_whole_is_told_only_of_several_tiers():
    known = {
        f"indicator.{key}.{part}": fact("1", 1)
        for key in "ab"
        for part in ("percent", "numerator", "denominator")
    }
    known |= {"now.total.share.online": fact("14,7%", "14.7")}
    names = {"indicators": [("a", "Cơ quan"), ("b", "UBND cấp xã")]}
    assert told(known, TEMPLATES, **names) == ["Cơ quan: đạt 1 (1/1); UBND cấp xã: đạt 1 (1/1)."]
    both = [("district", "cấp huyện"), ("commune", "cấp xã")]
    assert told(known, TEMPLATES, tiers=both)[0] == "Tính chung các cấp, tỷ lệ hồ sơ trực tuyến đạt 14,7%."


def test_words_of_the_templates_hold_no_figure():
    words = [clause["text"] for one in TEMPLATES for clause in one["clauses"]]
    assert not [text for text in words if any(map(str.isdigit, text))]
