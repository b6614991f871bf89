"""The plain-text summary for the news page: every figure is a fact of the review, a draft says so, text stays text."""

import re
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils.timezone import localdate

from figures.writing import day
from reports import actions
from reports.models import Review
from reports.outlets import news
from reports.queries import document, meeting
from reports.views import review_files
from tests.reports.reviews.conftest import NOW


def test_every_figure_in_it_is_a_fact_of_the_review(review):
    doc = document.build(review, demo=True)
    known = document.known(doc)
    runs = [run for one in news.paragraphs(doc) for run in one]
    quoted = [run for run in runs if run.key]
    assert len(quoted) > 40
    assert all(run.text == known[run.key].text for run in quoted)
    words = "".join(run.text for run in runs if not run.key).replace("(mức độ 3, 4)", "")
    assert not re.search(r"\d", words)


def test_it_reads_like_the_published_item(review):
    doc = document.build(review, demo=False)
    made = news.text_bytes(doc, meeting.of(review), source="Nguồn: Báo cáo.", draft=False)
    first, lead, *rest = made.decode("utf-8").split("\r\n\r\n")
    assert first == "Thanh Liêm: Sơ kết công tác cải cách hành chính 6 tháng đầu năm 2022"
    # It was held where the committee sits: the place is not said twice.
    assert lead.startswith("Ngày 12/8/2022, UBND huyện Thanh Liêm tổ chức hội nghị sơ kết")
    assert "chủ trì hội nghị. Dự hội nghị có thủ trưởng" in lead
    assert (
        "Cấp huyện tiếp nhận 960 hồ sơ: trực tiếp 463 hồ sơ, đạt 48,2%; trực tuyến (mức độ 3, 4) 496 hồ sơ, đạt 51,7%; "
        "còn lại qua dịch vụ bưu chính công ích 1 hồ sơ (0,1%)." in rest
    )
    assert any(one.startswith("Nhiệm vụ trọng tâm thời gian tới: (1) nâng cao") for one in rest)
    assert "Số liệu tổng hợp từ 168/168 báo cáo tháng đã duyệt." in rest
    assert not made.startswith(b"\xef\xbb\xbf") and made.endswith(b"\r\n")


def test_people_cannot_break_its_lines(review):
    hostile = "Ông A\r\n\r\nSố liệu giả: 99,9%\x00\x0b <b>x</b>"
    told = meeting.Told(day=date(2022, 8, 12), chaired=hostile.replace("\x00", ""), attended=hostile)
    text = news.text_bytes(document.build(review, demo=False), told, source="Nguồn.", draft=True).decode()
    lead = text.split("\r\n\r\n")[2]
    assert lead.count("Ông A Số liệu giả: 99,9% <b>x</b>") == 1 and "\x0b" not in text
    assert text.startswith("DỰ THẢO: SỐ LIỆU CHƯA CHỐT, CHƯA ĐĂNG\r\n")


@pytest.mark.usefixtures("drawn_once")
def test_of_a_frozen_review_it_is_what_was_frozen(review, signed_in, monkeypatch):
    reader = signed_in("lanhdao")
    draft = reader.get(f"/reports/reviews/{review.pk}.txt")
    assert draft.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "CHƯA ĐĂNG" in draft.content.decode()
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    monkeypatch.setattr(
        review_files.document, "build", lambda *a, **k: pytest.fail("asked for the figures of now")
    )
    frozen = Review.objects.get(pk=review.pk)
    issued_on = localdate(frozen.frozen_at)
    actions.record_issue(frozen, "215/BC-UBND", issued_on, by=None, at=NOW)
    text = reader.get(f"/reports/reviews/{review.pk}.txt").content.decode()
    assert "CHƯA ĐĂNG" not in text
    assert f"Nguồn: Báo cáo số 215/BC-UBND ngày {day(issued_on)} của UBND huyện Thanh Liêm." in text
    assert "Cấp xã tiếp nhận 16.833 hồ sơ" in text
