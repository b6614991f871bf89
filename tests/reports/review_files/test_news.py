"""The plain-text summary for the news page: figures are facts of the review, drafts are marked, text is escaped."""

import re
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils.timezone import localdate

from figures.formatting import format_day
from reports import document, freezing
from reports.drafting.queries import news_phrases
from reports.meeting import MeetingRecord, meeting_of
from reports.models import Review
from reports.review_files import texts
from reports.review_text import bound_text, phrases
from reports.review_text.facts import Fact, is_fact_name
from reports.review_text.phrases import FactReference, LiteralText, condition_keys, phrase_keys
from tests.support.loaded_demo import NOW

RECEIVED = {"now.commune.received": Fact("16.833", 16833, "Tiếp nhận", "")}
ONLINE = {
    "now.commune.received_online": Fact("2.116", 2116, "Trực tuyến", ""),
    "now.commune.share.online": Fact("12,6%", "12.6", "Tỷ lệ", ""),
}
POSTAL = {
    "now.commune.received_postal": Fact("5", 5, "Bưu chính", ""),
    "now.commune.share.postal": Fact("0,03%", "0.03", "Tỷ lệ", ""),
}
ONLINE_TEXT = "; trực tuyến (mức độ 3, 4) 2.116 hồ sơ, đạt 12,6%"
POSTAL_TEXT = "; còn lại qua dịch vụ bưu chính công ích 5 hồ sơ (0,03%)"


def news_sentences(facts: dict[str, Fact], *, tiers=("commune",), indicators=()) -> list[str]:
    """The news sentences that these facts allow."""
    doc = {
        "figures": {"tiers": [{"tier": tier} for tier in tiers]},
        "indicators": [{"code": code, "name": name, "is_share": True} for code, name in indicators],
    }
    paragraphs = phrases.render_sentences(
        news_phrases(), facts, texts.news_subjects(doc), {"mức độ": "mức độ 3, 4"}
    )
    return [bound_text.paragraph_text(runs) for runs in paragraphs]


def test_overdue_dossiers_are_part_of_the_sentence():
    facts = {
        "now.commune.resolved": Fact("9", 9, "Đã giải quyết", ""),
        "now.commune.resolved_late": Fact("1", 1, "Quá hạn", ""),
        "now.commune.pending_late": Fact("5", 5, "Đang giải quyết quá hạn", ""),
    }
    assert news_sentences(facts) == ["Cấp xã đã giải quyết 9 hồ sơ, quá hạn 1 hồ sơ."]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (ONLINE | POSTAL, ONLINE_TEXT + POSTAL_TEXT),
        (POSTAL, POSTAL_TEXT),
        (
            {**ONLINE, "now.commune.share.online": Fact("12,6% (chưa đủ)", None, "", ""), **POSTAL},
            POSTAL_TEXT,
        ),
        (ONLINE | {"now.commune.received_postal": Fact("0", 0, "", "")}, ONLINE_TEXT),
        ({**ONLINE, **POSTAL, "now.commune.received_postal": Fact("0", 0, "", "")}, ONLINE_TEXT),
        ({}, ""),
    ],
)
def test_what_is_not_known_is_not_claimed(more, expected):
    assert news_sentences(RECEIVED | more) == [f"Cấp xã tiếp nhận 16.833 hồ sơ{expected}."]


def test_without_its_first_figure_a_paragraph_is_left_out():
    assert news_sentences(ONLINE) == []


def test_indicators_are_one_sentence_and_the_total_needs_several_tiers():
    facts = {
        f"indicator.{key}.{part}": Fact("1", 1, "", "")
        for key in "abc"
        for part in ("percent", "numerator", "denominator")
    }
    facts |= {"now.total.share.online": Fact("14,7%", "14.7", "", "")}
    named = [("a", "Cơ quan"), ("lạ", "Không có số"), ("b", "UBND cấp xã"), ("c", "{*} [[now.x|1]] Việc")]
    listed = "Cơ quan: đạt 1 (1/1); UBND cấp xã: đạt 1 (1/1); {*} [[now.x|1]] Việc: đạt 1 (1/1)."
    assert news_sentences(facts, indicators=named) == [listed]
    sentences = news_sentences(facts, indicators=named, tiers=("district", "commune"))
    assert sentences == ["Tính chung các cấp, tỷ lệ hồ sơ trực tuyến đạt 14,7%.", listed]


def test_its_phrases_name_what_can_be_known_and_hold_no_figure():
    for phrase in news_phrases():
        assert all(
            is_fact_name(key) for key in [*phrase_keys(phrase.parts), *condition_keys(phrase.conditions)]
        )
        assert not any(map(str.isdigit, "".join(_words(phrase.parts))))
    assert {phrase.of for phrase in news_phrases()} == {
        "",
        *texts.news_subjects({"figures": {"tiers": []}, "indicators": []}),
    }


def _words(parts) -> list[str]:
    """The words of a phrase, those in brackets too."""
    words = []
    for part in parts:
        if isinstance(part, LiteralText):
            words.append(part.text)
        elif not isinstance(part, FactReference):
            words += _words(part.parts)
    return words


def test_every_figure_in_it_is_a_fact_of_the_review(review):
    doc = document.build_document(review, demo=True)
    facts = document.document_facts(doc)
    runs = [run for paragraph in texts.news_paragraphs(doc) for run in paragraph]
    quoted = [run for run in runs if run.key]
    assert len(quoted) > 40
    assert all(run.text == facts[run.key].text for run in quoted)
    words = "".join(run.text for run in runs if not run.key).replace("(mức độ 3, 4)", "")
    assert not re.search(r"\d", words)


def test_it_reads_like_the_published_item(review):
    doc = document.build_document(review, demo=False)
    made = texts.news_bytes(doc, meeting_of(review), source="Nguồn: Báo cáo.", draft=False)
    first, lead, *rest = made.decode("utf-8").split("\r\n\r\n")
    assert first == "Thanh Liêm: Sơ kết công tác cải cách hành chính 6 tháng đầu năm 2022"
    # The meeting was at the committee's seat, which is not named twice.
    assert lead.startswith("Ngày 12/8/2022, UBND huyện Thanh Liêm tổ chức hội nghị sơ kết")
    assert "chủ trì hội nghị. Dự hội nghị có thủ trưởng" in lead
    assert (
        "Cấp huyện tiếp nhận 960 hồ sơ: trực tiếp 463 hồ sơ, đạt 48,2%; trực tuyến (mức độ 3, 4) 496 hồ sơ, đạt 51,7%; "
        "còn lại qua dịch vụ bưu chính công ích 1 hồ sơ (0,1%)." in rest
    )
    assert any(paragraph.startswith("Nhiệm vụ trọng tâm thời gian tới: (1) nâng cao") for paragraph in rest)
    assert "Số liệu tổng hợp từ 168/168 báo cáo tháng đã duyệt." in rest
    assert not made.startswith(b"\xef\xbb\xbf") and made.endswith(b"\r\n")


def test_people_cannot_break_its_lines(review):
    hostile = "Ông A\r\n\r\nSố liệu giả: 99,9%\x00\x0b <b>x</b>"
    meeting = MeetingRecord(day=date(2022, 8, 12), chaired=hostile.replace("\x00", ""), attended=hostile)
    text = texts.news_bytes(
        document.build_document(review, demo=False), meeting, source="Nguồn.", draft=True
    ).decode()
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
    monkeypatch.setattr(document, "build_document", lambda *a, **k: pytest.fail("read current figures"))
    frozen = Review.objects.get(pk=review.pk)
    issued_on = localdate(frozen.frozen_at)
    freezing.record_issue(frozen, "215/BC-UBND", issued_on, by=None, at=NOW)
    text = reader.get(f"/reports/reviews/{review.pk}.txt").content.decode()
    assert "CHƯA ĐĂNG" not in text
    assert f"Nguồn: Báo cáo số 215/BC-UBND ngày {format_day(issued_on)} của UBND huyện Thanh Liêm." in text
    assert "Cấp xã tiếp nhận 16.833 hồ sơ" in text
