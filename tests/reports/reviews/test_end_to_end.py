"""The review of the first half of 2022, from an empty draft to a verified document, through the pages."""

import re
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from ledger.models import Entry
from reports import review_access
from reports.models import Review, SignedFile
from reports.pdf.review_pdf import pdf_text
from reports.review_text import bound_text
from tests.reports.test_difference import correct
from tests.support.page_forms import form_on, submit
from tests.support.pdf_signer import SIGNER, signed


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def save(folder, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def verify(path: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("verify_review", path, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def verify_on_page(content: bytes) -> str:
    """The answer of /verify/ without signing in."""
    return Client().post("/verify/", {"file": SimpleUploadedFile("bao-cao.pdf", content)}).content.decode()


def create_draft(editor: Client, unit: int) -> Review:
    answer = submit(editor, "/reports/reviews/", needs="period", unit=str(unit), period="2022-H1")
    assert answer.status_code == 302
    return Review.objects.get(pk=int(re.search(r"(\d+)/$", answer.url)[1]))


def edit_draft(editor: Client, review: Review) -> str:
    """Changes the words around a bound figure and fills in the header; returns the sentence."""
    asked = f"/reports/reviews/{review.pk}/facts/?keys=now.commune.received_direct"
    (fact,) = editor.get(asked, headers={"accept": "application/json"}).json()["facts"]
    section = review.sections.filter(block="channels").first() or review.sections.first()
    address = f"/reports/reviews/{review.pk}/sections/{section.pk}/"
    figure = bound_text.token(fact["key"], fact["text"])
    sentence = f"Riêng cấp xã, người dân đến tận nơi nộp {figure} hồ sơ."
    _, fields = form_on(editor, address, needs="body")
    assert submit(editor, address, needs="body", body=f"{sentence}\n\n{fields['body']}").status_code == 302
    head = {
        "issuer": "ỦY BAN NHÂN DÂN\nHUYỆN THANH LIÊM",
        "chaired": "Chủ tịch UBND huyện",
        "attended": "Lãnh đạo các phòng, 16 xã",
        "meeting_day": "2022-08-12",
    }
    edit = f"/reports/reviews/{review.pk}/edit/"
    names = form_on(editor, edit, needs="title")[1]
    assert (
        submit(editor, edit, needs="title", **{k: v for k, v in head.items() if k in names}).status_code
        == 302
    )
    return bound_text.plain_text(sentence)


def test_2022_h1_is_drafted_edited_signed_issued_and_verified(signed_in, review, tmp_path):
    Review.objects.filter(pk=review.pk).delete()
    editor, leader = signed_in("tonghop"), signed_in("lanhdao")

    # Draft: a whole text with bound figures.
    draft = create_draft(editor, review.unit_id)
    page = f"/reports/reviews/{draft.pk}/"
    text = text_of(editor, page)
    assert draft.sections.count() >= 15 and "14.712" in text and "87,4%" in text

    # Edit: the words change, the figure stays bound.
    sentence = edit_draft(editor, draft)
    text = text_of(editor, page)
    assert "Riêng cấp xã, người dân đến tận nơi nộp" in text
    assert submit(editor, page, "/state/").status_code == 302
    assert Review.objects.get(pk=draft.pk).state == "comment"

    # Sign: the leader freezes the version on the page; missing reports need a reason, which is logged.
    fields = form_on(leader, page, "/freeze/")[1]
    reason = {"reason": "Đã đối chiếu với các đơn vị"} if "reason" in fields else {}
    if reason:
        assert submit(leader, page, "/freeze/").status_code == 422
    assert editor.post(f"{page}freeze/").status_code == 403
    assert submit(leader, page, "/freeze/", qr=["on"], **reason).status_code == 302
    frozen = Review.objects.get(pk=draft.pk)
    assert (
        frozen.is_frozen
        and Entry.objects.get(action="review.freeze").detail["reason"] == frozen.frozen_reason
    )
    content = leader.get(f"/reports/reviews/{frozen.pk}.pdf").content
    printed = " ".join(pdf_text(content).split())
    assert (
        sentence in printed
        and review_access.code_text(frozen.form.code) in printed
        and "215/BC-UBND" not in printed
    )

    # Nothing is public before the issue.
    assert "Không tìm thấy mã" in text_of(Client(), f"/verify/?code={frozen.form.code}")

    # Issue: number and day beside the frozen text, and the signed file.
    answer = submit(editor, page, "/number/", number="215/BC-UBND", issued_on="2022-08-12")
    assert answer.status_code == 302
    both = signed(signed(content, "ChuTich"), "VanThu", box=(330, 90, 520, 170))
    file = SimpleUploadedFile("215-bc-ubnd.pdf", both, content_type="application/pdf")
    assert submit(editor, page, "/signed/", file=file).status_code == 302
    assert SignedFile.objects.get().kind == "intact"
    assert editor.get(f"/reports/reviews/{frozen.pk}/signed.pdf").content == both
    assert "Nguyên vẹn, có chữ ký số" in text_of(editor, page)

    # Verify: the frozen and the signed file, by command and on the page; a changed byte is found.
    assert verify(save(tmp_path, "a.pdf", content))[0].startswith("Hợp lệ")
    verdict, notes = verify(save(tmp_path, "b.pdf", both))
    assert verdict.startswith("Hợp lệ") and f"mang tên {SIGNER}" in notes
    for genuine in (content, both):
        assert "đang là bản hiện hành" in verify_on_page(genuine)
    changed = bytearray(both)
    changed[len(content) // 2] ^= 1
    assert "Không hợp lệ" in verify_on_page(bytes(changed))
    with pytest.raises(CommandError):
        verify(save(tmp_path, "c.pdf", bytes(changed)))
    page_by_code = text_of(Client(), f"/verify/?code={review_access.code_text(frozen.form.code).lower()}")
    assert "215/BC-UBND" in page_by_code and "14.712" in page_by_code

    # A later correction leaves it unchanged, is shown beside it, and leads to a replacement.
    correct(frozen)
    text = text_of(editor, page)
    assert "Có số liệu mới hơn bản đã chốt" in text and "14.719" in text
    assert editor.get(f"/reports/reviews/{frozen.pk}.pdf").content == content
    verdict, notes = verify(save(tmp_path, "d.pdf", both))
    assert verdict.startswith("Hợp lệ") and "14.712 → 14.719" in notes
    answer = submit(editor, page, "/replace/")
    new_page = answer.url
    new = Review.objects.get(replaces=frozen)
    assert "Thay thế Báo cáo số 215/BC-UBND ngày 12/8/2022" in text_of(editor, new_page)
    fields = form_on(leader, new_page, "/freeze/")[1]
    reason = {"reason": "Thay bản có số sai"} if "reason" in fields else {}
    assert submit(leader, new_page, "/freeze/", **reason).status_code == 302
    assert "đang là bản hiện hành" in verify_on_page(both)
    assert (
        submit(editor, new_page, "/number/", number="300/BC-UBND", issued_on="2022-08-12").status_code == 302
    )
    assert "thay bằng" in verify_on_page(both) and "Báo cáo số 300/BC-UBND" in verify_on_page(both)
    difference = text_of(editor, f"/reports/reviews/{new.pk}/difference/?with={frozen.pk}")
    assert "+7" in difference and "Sót sổ tiếp nhận tuần 2" in difference
    call_command("verify_log", stdout=StringIO())
