"""The notice of a meeting's conclusions: its content, the decree's layout, figures bound to the review."""

import re
import subprocess
from datetime import date
from io import BytesIO, StringIO

import docx
import pytest
from django.core.management import call_command

from reports import document, meeting
from reports.meeting import MeetingRecord, meeting_of
from reports.models import Review
from reports.review_files import texts
from reports.review_text.bound_text import token
from tests.support.loaded_demo import NOW

SPOKEN = meeting.MeetingText(
    day=date(2022, 8, 12),
    place="Hội trường UBND huyện Thanh Liêm",
    chaired="Đồng chí Phó Chủ tịch UBND huyện",
    attended="Thủ trưởng các phòng, ban; lãnh đạo UBND các xã, thị trấn.",
    conclusions=f"Tỷ lệ hồ sơ trực tuyến cấp xã đạt {token('now.commune.share.online', '12,0%')}.\n\nĐạt yêu cầu.",
    directed="Chấm dứt việc để hồ sơ quá hạn <b>không xin lỗi</b>.",
)


@pytest.fixture
def with_meeting(review) -> Review:
    """The review with its meeting entered."""
    meeting.record_meeting(review, SPOKEN, by=None, at=NOW, revision=0)
    return Review.objects.get(pk=review.pk)


def pdf_text(content: bytes, tmp_path, *how: str) -> str:
    path = tmp_path / "notice.pdf"
    path.write_bytes(content)
    run = subprocess.run(["pdftotext", *how, str(path), "-"], check=True, capture_output=True, text=True)
    return run.stdout


def test_it_names_chair_guests_conclusions_and_tasks(with_meeting, signed_in, tmp_path):
    answer = signed_in("tonghop").get(f"/reports/reviews/{with_meeting.pk}/notice.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert 'filename="du-thao-thong-bao-ket-luan-cchc-2022-H1-' in answer.headers["Content-Disposition"]
    text = " ".join(pdf_text(answer.content, tmp_path).split())
    for words in (
        "THÔNG BÁO Kết luận tại Hội nghị sơ kết công tác cải cách hành chính 6 tháng đầu năm 2022",
        "Ngày 12/8/2022, tại Hội trường UBND huyện Thanh Liêm, UBND huyện Thanh Liêm tổ chức Hội nghị sơ kết",
        "Đồng chí Phó Chủ tịch UBND huyện chủ trì Hội nghị. Dự Hội nghị có: thủ trưởng các phòng, ban; lãnh đạo",
        "đồng chí Phó Chủ tịch UBND huyện kết luận như sau: 1. Kết luận Tỷ lệ hồ sơ trực tuyến cấp xã đạt 12,6%.",
        "2. Ý kiến chỉ đạo Chấm dứt việc để hồ sơ quá hạn <b>không xin lỗi</b>.",
        "3. Nhiệm vụ 1. Nâng cao trách nhiệm",
        "theo 168/168 báo cáo tháng đã duyệt",
        "Nơi nhận:",
        "Dự thảo, chưa chốt số liệu",
    ):
        assert words in text
    assert "Mã kiểm tra" not in text and "/BC-UBND" not in text


def test_pages_are_those_of_the_decree(with_meeting, signed_in, tmp_path):
    content = signed_in("tonghop").get(f"/reports/reviews/{with_meeting.pk}/notice.pdf").content
    head = pdf_text(content, tmp_path, "-l", "1", "-layout")
    assert re.search(r"Số:\s+/TB-UBND", head) and re.search(r"ngày\s+tháng\s+năm 2022", head)
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in head
    info = subprocess.run(
        ["pdfinfo", tmp_path / "notice.pdf"], check=True, capture_output=True, text=True
    ).stdout
    assert "A4" in info and re.search(r"Tagged: +yes", info)
    second = pdf_text(content, tmp_path, "-f", "2", "-l", "2").strip()
    assert not second or second.startswith("2\n")


def test_docx_says_the_same(with_meeting, signed_in, tmp_path):
    reader = signed_in("tonghop")
    doc = docx.Document(BytesIO(reader.get(f"/reports/reviews/{with_meeting.pk}/notice.docx").content))
    words = "\n".join(paragraph.text for paragraph in doc.paragraphs)
    shown = texts.notice_context(
        document.build_document(with_meeting, demo=True), meeting_of(with_meeting), unfrozen=True
    )
    for text in (
        *shown["lead"],
        shown["turn"],
        shown["closing"],
        "Chấm dứt việc để hồ sơ quá hạn <b>không xin lỗi</b>.",
    ):
        assert text in words
    styles = {paragraph.style.name for paragraph in doc.paragraphs}
    assert {"Title", "Subtitle", "Body Text", "Heading 1"} <= styles
    assert len(doc.sections) == 1 and round(doc.sections[0].page_width.mm) == 210
    assert "/TB-UBND" in "".join(cell.text for cell in doc.tables[0].rows[0].cells)


def test_without_conclusions_it_says_what_to_do(review, signed_in):
    for kind in ("pdf", "docx"):
        answer = signed_in("tonghop").get(f"/reports/reviews/{review.pk}/notice.{kind}")
        assert answer.status_code == 422
        assert "hãy ghi kết luận" in answer.content.decode()
    page = signed_in("tonghop").get(f"/reports/reviews/{review.pk}/").content.decode()
    assert f"/reports/reviews/{review.pk}/notice.pdf" not in page


@pytest.mark.usefixtures("drawn_once")
def test_after_freezing_its_figures_are_the_frozen_ones(with_meeting, signed_in, monkeypatch):
    call_command("issue_review", str(with_meeting.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    monkeypatch.setattr(document, "build_document", lambda *a, **k: pytest.fail("read current figures"))
    answer = signed_in("lanhdao").get(f"/reports/reviews/{with_meeting.pk}/notice.docx")
    assert 'filename="thong-bao-ket-luan-cchc-2022-H1-' in answer.headers["Content-Disposition"]
    doc = docx.Document(BytesIO(answer.content))
    assert "cấp xã đạt 12,6%." in "\n".join(paragraph.text for paragraph in doc.paragraphs)
    assert not doc.sections[0].footer.paragraphs[0].text
    page = signed_in("lanhdao").get(f"/reports/reviews/{with_meeting.pk}/").content.decode()
    assert f"/reports/reviews/{with_meeting.pk}/notice.pdf" in page


def test_a_meeting_of_which_little_is_known(with_meeting):
    record = MeetingRecord(directed="Làm ngay.")
    shown = texts.notice_context(document.build_document(with_meeting, demo=False), record, unfrozen=True)
    assert shown["lead"] == [
        "UBND huyện Thanh Liêm tổ chức Hội nghị sơ kết công tác cải cách hành chính 6 tháng đầu năm 2022."
    ]
    assert "người chủ trì Hội nghị kết luận như sau" in shown["turn"]
    assert [heading for heading, _ in shown["parts"]] == ["1. Ý kiến chỉ đạo"]
