"""/verify/ tells anyone whether a review is genuine, current or replaced, and discloses nothing before it is issued."""

import json
import re
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from pypdf import PdfWriter

from ledger.models import Entry
from records.models import DossierCount, Edition
from records.stored_sums import recount
from reports import freezing, review_access
from reports.drafting import actions
from reports.models import Review
from reports.pdf.review_pdf import redraw_pdf
from reports.printing import copies
from tests.support.loaded_demo import NOW
from tests.support.page_text import squeezed
from tests.support.pdf_signer import SIGNER, signed

from .test_appended_signatures import add_annotation

pytestmark = pytest.mark.usefixtures("drawn_once")


def freeze(review: Review) -> Review:
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    return Review.objects.get(pk=review.pk)


@pytest.fixture
def frozen(review) -> Review:
    return freeze(review)


@pytest.fixture
def issued(frozen) -> Review:
    return freezing.record_issue(frozen, "215/BC-UBND", NOW.date(), by=None, at=NOW)


@pytest.fixture
def replaced(issued) -> tuple[Review, Review]:
    """An issued review and the issued one that replaces it."""
    new = freeze(actions.replace_review(issued, by=None, at=NOW))
    return issued, freezing.record_issue(new, "300/BC-UBND", NOW.date() + timedelta(1), by=None, at=NOW)


def enter_code(client, code: str) -> str:
    return squeezed(client.get("/verify/", {"code": code}).content.decode())


def upload(client, content: bytes, status: int = 200) -> str:
    answer = client.post("/verify/", {"file": SimpleUploadedFile("x.pdf", content)})
    assert answer.status_code == status
    return answer.content.decode()


def test_a_code_shows_the_figures_to_compare_with_paper(client, issued):
    text = enter_code(client, review_access.code_text(issued.form.code).lower())
    for words in (
        "Mã đúng", "bản hiện hành", issued.title, "215/BC-UBND, 12/8/2022", "6 tháng đầu năm 2022", "14.712", "87,4%",
        "hãy đối chiếu số liệu",
    ):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("make", [copies.kept_pdf, lambda review: signed(copies.kept_pdf(review))])
def test_a_file_is_genuine_and_current(client, issued, make):
    text = upload(client, make(issued))
    assert "<b>Hợp lệ.</b> Tệp đúng là bản đã phát hành, đang là bản hiện hành." in text
    assert (f"mang tên {SIGNER}" in text) == (make is not copies.kept_pdf)


def test_a_replaced_review_names_its_replacement(client, replaced):
    old, new = replaced
    for text in (enter_code(client, old.form.code), upload(client, copies.kept_pdf(old))):
        assert "đã được thay thế" in text and "Báo cáo số 300/BC-UBND ngày 13/8/2022" in text
        assert f"?code={new.form.code}" in text and "đang là bản hiện hành" not in text
    text = enter_code(client, new.form.code)
    assert "bản hiện hành" in text and "Báo cáo số 215/BC-UBND ngày 12/8/2022" in text


@pytest.mark.parametrize("step", ["draft", "frozen"])
def test_a_replacement_before_its_issue_is_not_disclosed(client, issued, step):
    new = actions.replace_review(issued, by=None, at=NOW)
    if step == "frozen":
        new = freeze(new)
    text = enter_code(client, issued.form.code)
    assert "bản hiện hành" in text and "thay thế bằng" not in text and "Báo cáo số 300" not in text


def test_a_code_discloses_nothing_before_the_issue(client, frozen):
    unknown = enter_code(client, "BBBBBBBBBZ")
    text = enter_code(client, frozen.form.code)
    assert frozen.title not in text and frozen.unit.name not in text
    assert without_token(text, frozen.form.code) == without_token(unknown, "BBBBBBBBBZ")


def without_token(text: str, code: str) -> str:
    """The page without what differs between requests."""
    text = re.sub(r'csrfmiddlewaretoken" value="\w+"', "", text)
    return text.replace(review_access.code_text(code), "X").replace(code, "Y")


def test_before_the_issue_only_its_own_file_is_confirmed(client, frozen):
    text = upload(client, copies.kept_pdf(frozen))
    assert "Hợp lệ" in text and "chưa ghi số, ngày ban hành" in text and "14.712" not in text
    scan = upload(client, rendered_with(frozen, "14.712", "14.812"))
    assert "Không hợp lệ" in scan and frozen.title not in scan


@pytest.mark.parametrize("code", ["", "   ", "BCDFG", "12345-67890", "x" * 101, "BCDFG-HJKL0", "ạbcdfghjkl"])
def test_a_wrong_code_is_reported(client, review, code):
    answer = client.get("/verify/", {"code": code})
    assert answer.status_code == 422 and 'class="wrong"' in answer.content.decode()


def rendered_with(review: Review, old: str = "", new: str = "") -> bytes:
    form = json.loads(review.form.drawn)
    return redraw_pdf(form | {"html": form["html"].replace(old, new) if old else form["html"] + "<!-- -->"})


def test_an_altered_file_is_named_with_the_figures_that_differ(client, issued):
    text = upload(client, rendered_with(issued, "14.712", "14.812"))
    assert "Không hợp lệ" in text and "đã bị thay đổi" in text and issued.title in text
    assert "không thấy đủ trong tệp" in text and "Tiếp nhận trực tiếp, cấp xã" in text and "0/" in text
    text = upload(client, rendered_with(issued))
    assert "Không hợp lệ" in text and "đều thấy trong tệp" in text


def test_an_added_annotation_is_found(client, issued):
    text = upload(client, signed(add_annotation(copies.kept_pdf(issued))))
    assert "Không hợp lệ" in text and "không chỉ có chữ ký số" in text and "14.712" not in text


def test_a_stored_scan_is_genuine(client, signed_in, issued):
    writer, out = PdfWriter(), BytesIO()
    writer.add_blank_page(595, 842)
    writer.write(out)
    scan = out.getvalue()
    assert "Không hợp lệ" in upload(client, scan)
    file = SimpleUploadedFile("x.pdf", scan)
    assert (
        signed_in("tonghop").post(f"/reports/reviews/{issued.pk}/signed/", {"file": file}).status_code == 302
    )
    text = upload(client, scan)
    assert "Hợp lệ" in text and "bản ký mà" not in text and "bản đã ký mà cơ quan ban hành" in text


@pytest.mark.parametrize(
    "content", [b"x", b"%PDF-1.7", b"%PDF-1.7\n" + b"%%EOF\n" * 1000, b"%PDF-" + b"\0" * 9999]
)
def test_junk_is_foreign(client, review, content):
    assert "Không hợp lệ" in upload(client, content)


def test_without_a_file(client, review):
    answer = client.post("/verify/", {})
    assert answer.status_code == 422 and "Hãy chọn tệp PDF." in answer.content.decode()


def test_newer_figures_are_mentioned(client, issued):
    assert "Có: số liệu đã được sửa sau khi chốt" not in enter_code(client, issued.form.code)
    edition = Edition.objects.get(submission__unit__code="13474", submission__month=202206, state="approved")
    row = DossierCount.objects.filter(edition=edition, received_direct__gt=0).first()
    DossierCount.objects.filter(pk=row.pk).update(received_direct=row.received_direct + 7)
    recount.recount_sums()
    text = enter_code(client, issued.form.code)
    assert "Có: số liệu đã được sửa sau khi chốt" in text and "14.712" in text and "14.719" not in text


def test_requests_are_limited_by_address_and_change_nothing(client, issued, settings, tmp_path):
    settings.DATA_DIR, settings.VERIFY_LIMIT = tmp_path, 3
    entries = Entry.objects.count()
    for _ in range(3):
        assert client.get("/verify/?code=BBBBBBBBBB").status_code == 200
    for answer in (client.get(f"/verify/?code={issued.form.code}"), client.post("/verify/", {})):
        assert answer.status_code == 429 and answer.headers["Retry-After"] == "600"
        assert "Hãy đợi 10 phút" in answer.content.decode() and issued.title not in answer.content.decode()
    assert client.get("/verify/").status_code == 200
    assert client.get("/verify/?code=BBBBBBBBBB", REMOTE_ADDR="10.0.0.9").status_code == 200
    assert Entry.objects.count() == entries


def test_a_full_disk_refuses_nobody(client, issued, settings, tmp_path):
    settings.DATA_DIR, settings.VERIFY_LIMIT = tmp_path / "gone", 0
    assert client.get(f"/verify/?code={issued.form.code}").status_code == 200
