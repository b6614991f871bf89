"""The half-year of 2022 from nothing to a document that anyone can check, by the pages that people use."""

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


def saved(folder, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def verified(path: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("verify_review", path, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def checked(content: bytes) -> str:
    """What /verify/ says to somebody who has never signed in."""
    return Client().post("/verify/", {"file": SimpleUploadedFile("bao-cao.pdf", content)}).content.decode()


def drafted(editor: Client, unit: int) -> Review:
    answer = submit(editor, "/reports/reviews/", needs="period", unit=str(unit), period="2022-H1")
    assert answer.status_code == 302
    return Review.objects.get(pk=int(re.search(r"(\d+)/$", answer.url)[1]))


def edited(editor: Client, review: Review) -> str:
    """Words around a bound figure are changed and the figure stays bound; the header is filled in. The sentence."""
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

    # Drafted: a full text at once, its figures bound.
    drafted_ = drafted(editor, review.unit_id)
    page = f"/reports/reviews/{drafted_.pk}/"
    text = text_of(editor, page)
    assert drafted_.sections.count() >= 15 and "14.712" in text and "87,4%" in text

    # Edited: the words change, the figure keeps its source.
    sentence = edited(editor, drafted_)
    text = text_of(editor, page)
    assert "Riêng cấp xã, người dân đến tận nơi nộp" in text
    assert submit(editor, page, "/state/").status_code == 302
    assert Review.objects.get(pk=drafted_.pk).state == "comment"

    # Signed: the leader closes what the leader has read; what is incomplete needs a reason, which is logged.
    fields = form_on(leader, page, "/freeze/")[1]
    reason = {"reason": "Đã đối chiếu với các đơn vị"} if "reason" in fields else {}
    if reason:
        assert submit(leader, page, "/freeze/").status_code == 422
    assert editor.post(f"{page}freeze/").status_code == 403
    assert submit(leader, page, "/freeze/", qr=["on"], **reason).status_code == 302
    frozen = Review.objects.get(pk=drafted_.pk)
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

    # Nothing of it is public before it is issued.
    assert "Không tìm thấy mã" in text_of(Client(), f"/verify/?code={frozen.form.code}")

    # Issued: number and day beside the frozen text, and the signed file.
    answer = submit(editor, page, "/number/", number="215/BC-UBND", issued_on="2022-08-12")
    assert answer.status_code == 302
    both = signed(signed(content, "ChuTich"), "VanThu", box=(330, 90, 520, 170))
    file = SimpleUploadedFile("215-bc-ubnd.pdf", both, content_type="application/pdf")
    assert submit(editor, page, "/signed/", file=file).status_code == 302
    assert SignedFile.objects.get().kind == "intact"
    assert editor.get(f"/reports/reviews/{frozen.pk}/signed.pdf").content == both
    assert "Nguyên vẹn, có chữ ký số" in text_of(editor, page)

    # Verified: by command and by anyone, the frozen file and the signed one; not after a changed byte.
    assert verified(saved(tmp_path, "a.pdf", content))[0].startswith("Hợp lệ")
    said, told = verified(saved(tmp_path, "b.pdf", both))
    assert said.startswith("Hợp lệ") and f"mang tên {SIGNER}" in told
    for genuine in (content, both):
        assert "đang là bản hiện hành" in checked(genuine)
    changed = bytearray(both)
    changed[len(content) // 2] ^= 1
    assert "Không hợp lệ" in checked(bytes(changed))
    with pytest.raises(CommandError):
        verified(saved(tmp_path, "c.pdf", bytes(changed)))
    by_code = text_of(Client(), f"/verify/?code={review_access.code_text(frozen.form.code).lower()}")
    assert "215/BC-UBND" in by_code and "14.712" in by_code

    # A correction afterwards changes nothing of it, is shown beside it, and leads to a review that replaces it.
    correct(frozen)
    text = text_of(editor, page)
    assert "Có số liệu mới hơn bản đã chốt" in text and "14.719" in text
    assert editor.get(f"/reports/reviews/{frozen.pk}.pdf").content == content
    said, told = verified(saved(tmp_path, "d.pdf", both))
    assert said.startswith("Hợp lệ") and "14.712 → 14.719" in told
    answer = submit(editor, page, "/replace/")
    new_page = answer.url
    new = Review.objects.get(replaces=frozen)
    assert "Thay thế Báo cáo số 215/BC-UBND ngày 12/8/2022" in text_of(editor, new_page)
    fields = form_on(leader, new_page, "/freeze/")[1]
    reason = {"reason": "Thay bản có số sai"} if "reason" in fields else {}
    assert submit(leader, new_page, "/freeze/", **reason).status_code == 302
    assert "đang là bản hiện hành" in checked(both)
    assert (
        submit(editor, new_page, "/number/", number="300/BC-UBND", issued_on="2022-08-12").status_code == 302
    )
    assert "thay bằng" in checked(both) and "Báo cáo số 300/BC-UBND" in checked(both)
    difference = text_of(editor, f"/reports/reviews/{new.pk}/difference/?with={frozen.pk}")
    assert "+7" in difference and "Sót sổ tiếp nhận tuần 2" in difference
    call_command("verify_log", stdout=StringIO())
