"""Signed files are stored byte for byte, compared with the frozen figures where they have text, and read safely."""

import json
from io import BytesIO, StringIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from ledger.models import Entry
from reports import freezing, review_access
from reports.models import Review, SignedFile
from reports.pdf import foreign_files
from reports.pdf.review_pdf import redraw_pdf
from reports.printing import copies
from reports.verification import signed_files
from reports.verification import verdict as verification_verdict
from tests.support.loaded_demo import NOW
from tests.support.page_text import squeezed
from tests.support.pdf_signer import SIGNER, signed

pytestmark = pytest.mark.usefixtures("drawn_once")


@pytest.fixture
def frozen(review) -> Review:
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    return Review.objects.get(pk=review.pk)


@pytest.fixture
def editor(signed_in):
    return signed_in("tonghop")


def upload(client, review: Review, content: bytes, name: str = "ban-da-ky.pdf", **more):
    file = SimpleUploadedFile(name, content, content_type="application/pdf")
    return client.post(f"/reports/reviews/{review.pk}/signed/", {"file": file, **more})


def rewritten(review: Review, old: str = "", new: str = "") -> bytes:
    """The same pages written by another program, with one figure changed."""
    form = json.loads(review.form.drawn)
    html = form["html"].replace(old, new, 1) if old else form["html"]
    return redraw_pdf(form | {"html": html.replace("<main>", "<main><p>Số: 215/BC-UBND</p>")})


def scanned_pages(count: int = 3) -> PdfWriter:
    """Pages without text, as a scanner writes them."""
    writer = PdfWriter()
    for _ in range(count):
        writer.add_blank_page(595, 842)
    return writer


def to_bytes(writer: PdfWriter) -> bytes:
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_digitally_signed_file_is_intact_and_stored_unchanged(editor, frozen):
    content = signed(copies.kept_pdf(frozen))
    assert upload(editor, frozen, content).status_code == 302
    kept = SignedFile.objects.get()
    assert (kept.kind, kept.size, kept.review_id) == ("intact", len(content), frozen.pk)
    assert copies.stored_file(kept.name) == content
    answer = editor.get(f"/reports/reviews/{frozen.pk}/signed.pdf")
    assert answer.content == content and answer.headers["Content-Type"] == "application/pdf"
    text = squeezed(editor.get(f"/reports/reviews/{frozen.pk}/").content.decode())
    assert (
        "Nguyên vẹn, có chữ ký số" in text
        and f"mang tên {SIGNER}" in text
        and "không xác nhận chứng thư" in text
    )
    entry = Entry.objects.get(action="review.signed")
    assert entry.detail == {"sha256": kept.sha256, "size": len(content), "kind": "intact", "missing": 0}


def test_text_of_another_program_is_compared_number_by_number(editor, frozen):
    assert upload(editor, frozen, rewritten(frozen)).status_code == 302
    kept = SignedFile.objects.get()
    assert kept.kind == "text" and kept.found["missing"] == [] and kept.found["figures"] > 100
    assert "Đủ số liệu đã chốt" in editor.get(f"/reports/reviews/{frozen.pk}/").content.decode()


def test_a_missing_figure_is_named_and_needs_a_reason(editor, frozen):
    content = rewritten(frozen, "14.712", "14.812")
    answer = upload(editor, frozen, content)
    text = answer.content.decode()
    assert answer.status_code == 422 and "Tệp thiếu số liệu đã chốt" in text and "14.712" in text
    assert not SignedFile.objects.exists()
    assert upload(editor, frozen, content, reason="Bản giấy gõ lại bảng 1").status_code == 302
    kept = SignedFile.objects.get()
    assert [one["text"] for one in kept.found["missing"]] == ["14.712"]
    assert kept.found["missing"][0]["there"] == kept.found["missing"][0]["of"] - 1
    assert Entry.objects.get(action="review.signed").detail["reason"] == "Bản giấy gõ lại bảng 1"
    assert "Thiếu số liệu đã chốt" in editor.get(f"/reports/reviews/{frozen.pk}/").content.decode()


def test_a_scan_is_stored_and_reported_as_not_comparable(editor, frozen):
    assert upload(editor, frozen, to_bytes(scanned_pages())).status_code == 302
    assert SignedFile.objects.get().kind == "picture"
    text = editor.get(f"/reports/reviews/{frozen.pk}/").content.decode()
    assert "Bản quét, không so được" in text and "giữ nguyên tệp, không so được số liệu" in text


def test_a_file_changed_under_its_signature_counts_as_another_file(editor, frozen):
    from tests.reports.verification.test_appended_signatures import add_annotation

    assert upload(editor, frozen, signed(add_annotation(copies.kept_pdf(frozen)))).status_code == 302
    kept = SignedFile.objects.get()
    assert kept.kind == "text" and "không chỉ có chữ ký số" in kept.found["notes"][0]


def encrypted_file() -> bytes:
    writer = scanned_pages()
    writer.encrypt("x", algorithm="RC4-128")
    return to_bytes(writer)


def file_with_script() -> bytes:
    writer = scanned_pages()
    script = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("x()")}
    )
    writer.root_object[NameObject("/OpenAction")] = script
    return to_bytes(writer)


REFUSED = {
    "no PDF": (lambda kept: b"PK\x03\x04 docx", "không phải PDF"),
    "a web page": (lambda kept: b"<html>%PDF-1.7", "không phải PDF"),
    "junk": (lambda kept: b"%PDF-1.7\n" + b"\0" * 1000, "Không đọc được"),
    "the frozen file itself": (lambda kept: kept, "chưa có chữ ký"),
    "a password": (lambda kept: encrypted_file(), "đặt mật khẩu"),
    "a script": (lambda kept: file_with_script(), "lệnh tự chạy"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_cannot_be_the_signed_file_are_refused(editor, frozen, name):
    make, words = REFUSED[name]
    answer = upload(editor, frozen, make(copies.kept_pdf(frozen)))
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not SignedFile.objects.exists() and not default_storage.exists(freezing.SIGNED_FOLDER)


def test_without_a_file_and_over_the_limit(editor, frozen, settings):
    answer = editor.post(f"/reports/reviews/{frozen.pk}/signed/", {})
    assert answer.status_code == 422 and "Hãy chọn tệp PDF." in answer.content.decode()
    settings.UPLOAD_MAX_BYTES = 1000
    assert upload(editor, frozen, b"%PDF-1.7" + b"x" * 2000).status_code == 413


def test_a_draft_has_no_signed_file(editor, review):
    answer = upload(editor, review, to_bytes(scanned_pages()))
    assert answer.status_code == 409 and "sau khi đã chốt" in answer.content.decode()
    with pytest.raises(review_access.ReviewError):
        freezing.keep_signed_file(review, b"%PDF-", "picture", {}, by=None, at=NOW)
    assert (
        not default_storage.exists(freezing.SIGNED_FOLDER)
        or not default_storage.listdir(freezing.SIGNED_FOLDER)[1]
    )
    answer = editor.get(f"/reports/reviews/{review.pk}/signed.pdf")
    assert answer.status_code == 409 and "Chưa tải lên bản đã ký" in answer.content.decode()


def test_a_busy_reader_answers_429(editor, frozen, monkeypatch):
    def busy(*args, **more):
        raise foreign_files.ReaderBusy

    monkeypatch.setattr(foreign_files, "read_foreign_file", busy)
    answer = upload(editor, frozen, to_bytes(scanned_pages()))
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "60"


def test_the_newest_upload_counts_and_the_older_is_kept(editor, frozen):
    first, second = to_bytes(scanned_pages(1)), to_bytes(scanned_pages(2))
    for content in (first, second, second):
        assert upload(editor, frozen, content).status_code == 302
    assert SignedFile.objects.count() == 2 and len(default_storage.listdir(freezing.SIGNED_FOLDER)[1]) == 2
    address = f"/reports/reviews/{frozen.pk}/signed.pdf"
    assert editor.get(address).content == second
    assert editor.get(address + "?lan=1").content == first
    for wrong in ("0", "3", "x", "9" * 5000, "-1"):
        assert editor.get(f"{address}?lan={wrong}").status_code == 404


@pytest.mark.parametrize(
    "act", ["UPDATE reports_signedfile SET kind = 'intact'", "DELETE FROM reports_signedfile"]
)
def test_the_database_refuses_to_change_it(editor, frozen, act):
    upload(editor, frozen, to_bytes(scanned_pages()))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act)


# Verified


def test_a_stored_scan_is_recognized(editor, frozen, tmp_path):
    scan = to_bytes(scanned_pages())
    assert not verification_verdict.check_bytes(scan).valid
    upload(editor, frozen, scan)
    verdict = verification_verdict.check_bytes(scan)
    assert verdict.valid and verdict.notes == (verification_verdict.KEPT, verification_verdict.PICTURE)
    out, err = StringIO(), StringIO()
    (tmp_path / "scan.pdf").write_bytes(scan)
    call_command("verify_review", str(tmp_path / "scan.pdf"), stdout=out, stderr=err)
    assert out.getvalue().startswith("Hợp lệ") and "không so được số liệu" in err.getvalue()
    changed = bytearray(scan)
    changed[-3] ^= 1
    assert not verification_verdict.check_bytes(bytes(changed)).valid
    upload(editor, frozen, to_bytes(scanned_pages(9)))
    assert "đã được thay bằng tệp khác" in verification_verdict.check_bytes(scan).faults[0]


def test_a_changed_or_lost_stored_file_is_found(editor, frozen):
    upload(editor, frozen, signed(copies.kept_pdf(frozen)))
    assert verification_verdict.database_faults(frozen) == []
    name = SignedFile.objects.get().name
    with default_storage.open(name, "wb") as stored:
        stored.write(b"%PDF-1.7")
    assert verification_verdict.database_faults(frozen) == ["Bản đã ký trong kho lưu đã bị thay đổi."]
    default_storage.delete(name)
    assert verification_verdict.database_faults(frozen) == ["Không đọc được bản đã ký trong kho lưu."]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("14.712 hồ sơ, đạt 87,4%; 0,03 %", {"14.712": 1, "87,4": 1, "0,03": 1}),
        ("1.234.567; 12/8/2022.", {"1.234.567": 1, "12": 1, "8": 1, "2022": 1}),
        ("số 463, 463 và 463.", {"463": 3}),
        ("14.7123 1.2 3,4,5", {}),
    ],
)
def test_numbers_are_read_whole(text, found):
    assert dict(signed_files.count_numbers(text)) == found


def test_the_reader_reads_what_it_wrote(frozen):
    kept = copies.kept_pdf(frozen)
    assert foreign_files.read_foreign_file(kept, "text").pages == len(PdfReader(BytesIO(kept)).pages)
