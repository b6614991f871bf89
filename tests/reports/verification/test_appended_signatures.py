"""A frozen file stays valid with appended digital signatures, which are reported; anything else appended is found."""

import re
from io import BytesIO, StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PdfFileWriter

from reports.models import Review
from reports.pdf import foreign_files
from reports.printing import copies
from reports.verification import signed_files
from reports.verification import verdict as verification_verdict
from tests.support.pdf_signer import OFFICE, SIGNER, signed

pytestmark = pytest.mark.usefixtures("drawn_once")


@pytest.fixture
def frozen(review) -> Review:
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    return Review.objects.get(pk=review.pk)


@pytest.fixture
def content(frozen) -> bytes:
    return copies.kept_pdf(frozen)


def verify_content(content: bytes, folder) -> tuple[str, str]:
    path, out, err = folder / "signed.pdf", StringIO(), StringIO()
    path.write_bytes(content)
    call_command("verify_review", str(path), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_an_intact_file_with_a_signature_is_valid(content, tmp_path):
    said, told = verify_content(signed(content), tmp_path)
    assert said.startswith("Hợp lệ")
    assert "nguyên từng byte, và 1 chữ ký số gắn thêm" in told
    assert f"Chữ ký số mang tên {SIGNER}, {OFFICE}: khớp nội dung tệp" in told
    assert "không xác nhận chứng thư đáng tin" in told and "trang" not in told


def test_valid_after_the_templates_changed(content, tmp_path, request):
    settings = request.getfixturevalue("settings")
    (tmp_path / "reports" / "printing").mkdir(parents=True)
    (tmp_path / "reports" / "printing" / "review.html").write_text("<p>Mẫu khác hẳn</p>")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    assert verify_content(signed(content), tmp_path)[0].startswith("Hợp lệ")


@pytest.mark.parametrize("certify", [False, True])
def test_leader_and_clerk_sign_one_after_the_other(content, tmp_path, certify):
    both = signed(signed(content, certify=certify), "VanThu", box=(100, 700, 300, 760))
    said, told = verify_content(both, tmp_path)
    assert said.startswith("Hợp lệ") and "và 2 chữ ký số" in told
    assert "Chữ ký có hình ở trang 1: hãy nhìn xem" in told


def add_annotation(content: bytes) -> bytes:
    """Adds an annotation over the first page, as another program would."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    page = writer.find_page_for_modification(0)[0].get_object()
    picture = generic.StreamObject(stream_data=b"BT /F1 40 Tf 90 500 Td (99.999) Tj ET")
    rect = generic.ArrayObject(generic.NumberObject(one) for one in (90, 500, 300, 560))
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Rect"): rect,
            generic.pdf_name("/AP"): generic.DictionaryObject(
                {generic.pdf_name("/N"): writer.add_object(picture)}
            ),
        }
    )
    notes = page.setdefault(generic.pdf_name("/Annots"), generic.ArrayObject())
    notes.get_object().append(writer.add_object(note))
    return written_page(writer, page)


def replace_page(content: bytes) -> bytes:
    """Replaces the content of the first page."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    page = writer.find_page_for_modification(0)[0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))
    return written_page(writer, page)


def written_page(writer: IncrementalPdfFileWriter, page) -> bytes:
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def append_document(content: bytes) -> bytes:
    """Another signed document, appended to the frozen file."""
    other = copies.draft_pdf(Review.objects.get(), demo=True)
    moved = IncrementalPdfFileWriter(BytesIO(other))
    out = PdfFileWriter(stream_xrefs=False)
    out.root["/Pages"] = out.import_object(moved.root.raw_get("/Pages"))
    written_ = BytesIO()
    out.write(written_)
    body = written_.getvalue()
    place = int(body.rsplit(b"startxref", 1)[1].split()[0])
    shifted = re.sub(
        rb"(?m)^(\d{10}) (\d{5}) n", lambda one: b"%010d %s n" % (int(one[1]) + len(content), one[2]), body
    )
    return signed(
        content + shifted.replace(b"startxref\n%d" % place, b"startxref\n%d" % (place + len(content)))
    )


FORGED = {
    "a byte": (lambda content: content + b"\n", signed_files.NO_SIGNATURE),
    "junk": (lambda content: content + b"x" * 5000, signed_files.UNREAD),
    "the file twice": (lambda content: content + content, signed_files.NO_SIGNATURE),
    "a note": (add_annotation, signed_files.OTHER),
    "a note under a signature": (lambda content: signed(add_annotation(content)), signed_files.OTHER),
    "a note over a signature": (lambda content: add_annotation(signed(content)), signed_files.OTHER),
    "another page": (replace_page, signed_files.OTHER),
    "another page, signed": (lambda content: signed(replace_page(content)), signed_files.OTHER),
    "another document": (append_document, signed_files.OTHER),
    "bytes after the signature": (lambda content: signed(content) + b"\n", signed_files.OTHER),
}


@pytest.mark.parametrize("name", FORGED)
def test_anything_else_appended_is_found(content, tmp_path, name):
    forge, words = FORGED[name]
    forged = forge(content)
    verdict = verification_verdict.check_bytes(forged)
    assert verdict.faults == (words,) and not verdict.valid and not verdict.notes
    with pytest.raises(CommandError, match="Không hợp lệ"):
        verify_content(forged, tmp_path)


def signature_range(signed_file: bytes) -> tuple[int, int]:
    """Start and end of the signature's digits, the only bytes that no signature covers."""
    start = signed_file.rindex(b"/Contents <") + len(b"/Contents <")
    return start, signed_file.index(b">", start)


@pytest.mark.parametrize("part", [0.0, 0.05, 0.2, 0.5, 0.99])
def test_a_changed_digit_of_the_signature_is_found(content, part):
    whole = bytearray(signed(content))
    start, end = signature_range(whole)
    place = start + int((end - start) * part)
    whole[place] = ord("1") if whole[place] == ord("0") else ord("0")
    assert not verification_verdict.check_bytes(bytes(whole)).valid


def test_a_digit_in_another_case_is_found(content):
    whole = bytearray(signed(content))
    start, end = signature_range(whole)
    place = next(at for at in range(start, end) if chr(whole[at]) in "abcdefABCDEF")
    whole[place] ^= 0x20
    assert "không khớp nội dung tệp" in verification_verdict.check_bytes(bytes(whole)).faults[0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.floats(0, 1), bit=st.integers(0, 7))
def test_any_changed_bit_of_a_signed_file_is_found(content, part, bit):
    whole = bytearray(signed(content))
    whole[int(part * (len(whole) - 1))] ^= 1 << bit
    assert not verification_verdict.check_bytes(bytes(whole)).valid


HOSTILE = {
    "empty": b"%PDF-1.7\n%%EOF\n",
    "deep": b"%PDF-1.7\n1 0 obj\n"
    + b"[" * 400_000
    + b"\nendobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n",
    "loop": b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]>>"
    b"endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_fail_only_their_own_reading(review, name):
    try:
        read = foreign_files.read_foreign_file(HOSTILE[name], "text", "attached", "added")
    except foreign_files.UnreadablePdf:
        return
    assert not read.signatures and read.attached is None and not (read.text or "").strip()
