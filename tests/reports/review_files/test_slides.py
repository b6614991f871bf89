"""Slides of a review: its facts, marked where incomplete; names are escaped."""

import copy
import re
from io import StringIO

import pytest
from django.core.management import call_command

from figures.summary import Summary
from reports import document
from reports.review_files import slides


@pytest.fixture
def doc(review) -> dict:
    return document.build_document(review, demo=True)


def test_every_figure_is_a_fact_of_the_review(doc):
    facts = document.document_facts(doc)
    all_slides = slides.slides(doc)
    shown = [(slide.key, slide.figure) for slide in all_slides if slide.figure]
    shown += [(item.key, item.text) for slide in all_slides for item in slide.items]
    assert len(shown) > 20
    for key, text in shown:
        assert facts[key].text.startswith(text), key
    assert all(slide.whole for slide in all_slides)


def test_what_is_said_beside_a_figure(doc):
    by_heading = {slide.heading: slide for slide in slides.slides(doc)}
    online = by_heading["Cấp xã: tỷ lệ hồ sơ trực tuyến"]
    assert (online.figure, online.says, online.whole) == (
        "12,6%", ("2.116/16.833 hồ sơ", "Cùng kỳ 7,0%", "Chưa đạt chỉ tiêu 15,0%"), "96/96 báo cáo tháng",
    )  # fmt: skip
    assert by_heading["Cấp xã: giải quyết trước và đúng hạn"].says[-1] == "Đạt chỉ tiêu 99,0%"
    assert by_heading["Đã đủ báo cáo"].figure == "168/168"
    best, weakest = (by_heading[f"Cấp xã: tỷ lệ trực tuyến {word} nhất"].items for word in ("cao", "thấp"))
    assert (best[0].name, best[0].text, weakest[0].name) == ("Xã Thanh Tân", "23,6%", "Thị trấn Kiện Khê")
    assert not {unit.name for unit in best} & {unit.name for unit in weakest}


def test_units_without_all_their_reports_are_not_ranked_and_are_named(doc):
    doc = copy.deepcopy(doc)
    row = next(candidate for candidate in doc["figures"]["rows"] if candidate["key"] == "13477")
    completeness = {
        "reported": 5,
        "expected": 6,
        "missing": [{"unit": "13477", "month": "2022-M06", "name": "xã Thanh Tân"}],
    }
    row["completeness"] = completeness
    doc["figures"]["total"]["completeness"] = completeness | {"reported": 167, "expected": 168}
    by_heading = {slide.heading: slide for slide in slides.slides(doc)}
    assert "Xã Thanh Tân" not in [item.name for item in by_heading["Cấp xã: tỷ lệ trực tuyến cao nhất"].items]
    missing = by_heading["Chưa đủ báo cáo được duyệt"]
    assert (missing.figure, missing.says, missing.whole) == (
        "1",
        ("đơn vị", "Xã Thanh Tân"),
        "167/168 báo cáo tháng",
    )


def test_estimates_are_not_ranked(doc):
    doc = copy.deepcopy(doc)
    for row in doc["figures"]["rows"]:
        if row["key"] in ("13477", "13441"):
            row["estimated"] = True
    by_heading = {slide.heading: slide for slide in slides.slides(doc)}
    for word in ("cao", "thấp"):
        slide = by_heading[f"Cấp xã: tỷ lệ trực tuyến {word} nhất"]
        assert not {"Xã Thanh Tân", "Thị trấn Kiện Khê"} & {item.name for item in slide.items}
        assert slide.whole == "xếp 14 đơn vị đủ báo cáo, không có số ước tính"


def test_a_share_with_blanks_says_so(doc):
    doc = copy.deepcopy(doc)
    commune = next(tier for tier in doc["figures"]["tiers"] if tier["tier"] == "commune")
    commune["shares"]["online"]["partial"] = True
    online = next(slide for slide in slides.slides(doc) if slide.heading == "Cấp xã: tỷ lệ hồ sơ trực tuyến")
    assert online.figure == "12,6%" and "chưa đủ số liệu" in online.says and online.bar is None


def test_nobody_reported(review, doc):
    empty = Summary.from_dict(doc["figures"])
    assert empty.tiers
    blank = copy.deepcopy(doc)
    for figures in [*blank["figures"]["tiers"], *blank["figures"]["rows"], blank["figures"]["total"]]:
        figures["counts"] = dict.fromkeys(figures["counts"])
        for share in [*figures["shares"].values(), *figures["rates"].values()]:
            share.update(percent=None, numerator=None, denominator=None)
    blank["indicators"] = []
    assert [slide.heading for slide in slides.slides(blank)] == ["Đã đủ báo cáo"]


@pytest.mark.usefixtures("drawn_once")
def test_page_marks_a_draft_and_shows_what_was_frozen(review, signed_in, monkeypatch):
    reader, address = signed_in("lanhdao"), f"/reports/reviews/{review.pk}/projection/"
    page = reader.get(address).content.decode()
    assert page.count("Dự thảo · Số liệu minh họa") == page.count('class="slide ') + page.count(
        'class="slide"'
    )
    assert len(re.findall(r"<h1", page)) == 1
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    monkeypatch.setattr(document, "build_document", lambda *a, **k: pytest.fail("read current figures"))
    page = reader.get(address).content.decode()
    assert "Dự thảo" not in page and "51,7%" in page


def test_names_are_text(doc):
    doc = copy.deepcopy(doc)
    doc["indicators"][0]["name"] = "<script>alert(1)</script>" + "rất dài " * 60
    heading = next(slide.heading for slide in slides.slides(doc) if slide.heading.startswith("<script>"))
    assert len(heading) == slides.LONGEST_HEADING and heading.endswith("…")
