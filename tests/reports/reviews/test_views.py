"""The pages of reviews: rights, editing, freezing and issuing."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ledger.models import Entry
from records.models import DossierCount, Edition
from records.stored_sums import recount
from reports.drafting import actions
from reports.models import Review
from reports.pdf import drawing
from reports.pdf.review_pdf import draw_pdf
from reports.printing import copies
from tests.support.loaded_demo import NOW
from tests.support.page_text import shows

pytestmark = pytest.mark.usefixtures("drawn_once")


def address(review: Review, what: str = "") -> str:
    return f"/reports/reviews/{review.pk}/{what}"


@pytest.mark.parametrize(
    ("name", "read", "edit", "freeze"),
    [
        ("tonghop", 200, 200, 403),
        ("lanhdao", 200, 403, 302),
        ("quantri", 200, 403, 403),
        ("xa-13474", 404, 404, 404),
    ],
)
def test_rights(signed_in, review, name, read, edit, freeze):
    client = signed_in(name)
    assert client.get(address(review)).status_code == read
    assert client.get(f"/reports/reviews/{review.pk}.pdf").status_code == read
    assert client.get(address(review, "edit/")).status_code == edit
    assert client.get(address(review, "freeze/")).status_code == freeze
    assert client.post(address(review, "edit/")).status_code == (409 if edit == 200 else edit)
    assert not Review.objects.get(pk=review.pk).is_frozen


def test_anonymous_is_sent_to_sign_in(client, review):
    assert client.get(address(review)).status_code == 302
    assert client.get("/verify/").status_code == 200


@pytest.mark.parametrize("number", [0, 99999, 2**63, 10**30])
def test_unknown_numbers(signed_in, review, number):
    client = signed_in("tonghop")
    for what in ("/", ".pdf", "/edit/", "/freeze/", "/number/"):
        assert client.get(f"/reports/reviews/{number}{what}").status_code == 404


def test_the_page_shows_the_figures(signed_in, review):
    text = signed_in("lanhdao").get(address(review)).content.decode()
    for words in (
        "14.712",
        "87,4%",
        "48,2%",
        "0,03%",
        "168/168 báo cáo tháng",
        "Thấp hơn chỉ tiêu 0,4 điểm phần trăm",
    ):
        assert words in text
    assert text.count("<h1") == 1 and "style=" not in text


def test_a_draft_is_opened_once(signed_in, review):
    client = signed_in("tonghop")
    form = {"unit": review.unit_id, "period": "2022-H1"}
    answer = client.post("/reports/reviews/", form)
    assert answer.status_code == 422 and "Đã có dự thảo" in answer.content.decode()
    assert client.post("/reports/reviews/", form | {"period": "2022-Q2"}).status_code == 302
    new = Review.objects.exclude(pk=review.pk).get()
    assert new.sections.count() == 15 and client.get(address(new)).status_code == 200
    assert "Mục chưa có nội dung" in client.get(address(new)).content.decode()
    assert signed_in("lanhdao").post("/reports/reviews/", form).status_code == 403


def edit_fields(client, review) -> dict[str, str]:
    """The fields of the edit page as a browser would submit them."""
    context = client.get(address(review, "edit/")).context
    form, tasks = context["form"], context["tasks"]
    data = {"version": context["version"]}
    for bound in [*form, *tasks.management_form, *(field for task in tasks for field in task)]:
        value = bound.value()
        data[bound.html_name] = "" if value is None else str(value)
    return data


def test_edit_changes_text_and_tasks(signed_in, review):
    client = signed_in("tonghop")
    data = edit_fields(client, review)
    data |= {"closing": "Hết <b>.", "task-0-text": "", "task-5-text": "Việc mới"}
    assert client.post(address(review, "edit/"), data).status_code == 302
    assert [task.text for task in review.tasks.all()][-1] == "Việc mới" and review.tasks.count() == 5
    text = client.get(address(review)).content.decode()
    assert "<p>Hết &lt;b&gt;.</p>" in text


def test_stale_edit_overwrites_nothing(signed_in, review):
    client = signed_in("tonghop")
    data = edit_fields(client, review)
    actions.edit_draft(review, by=None, at=NOW, title="Tên mới")
    answer = client.post(address(review, "edit/"), data | {"title": "Tên của tôi"})
    assert answer.status_code == 409 and "Tên của tôi" in answer.content.decode()
    assert Review.objects.get(pk=review.pk).title == "Tên mới"


@pytest.mark.parametrize("change", [{"title": ""}, {"meeting_day": "32/8/2022"}, {"opening": "x" * 10_001}])
def test_wrong_text_is_reported(signed_in, review, change):
    client = signed_in("tonghop")
    answer = client.post(address(review, "edit/"), edit_fields(client, review) | change)
    assert answer.status_code == 422 and 'class="wrong"' in answer.content.decode()


SENT_WRONG = [
    {"task-TOTAL_FORMS": "-1"},
    {"task-TOTAL_FORMS": "=x"},
    {"task-TOTAL_FORMS": "4"},
    {"task-TOTAL_FORMS": "1000"},
    {"task-TOTAL_FORMS": None},
    {"task-0-text": None},
    {"closing": None},
]


@pytest.mark.parametrize("change", SENT_WRONG)
def test_an_incomplete_form_deletes_nothing(signed_in, review, change):
    client = signed_in("tonghop")
    data = edit_fields(client, review)
    before = [*review.tasks.values_list("text"), *review.sections.values_list("body")]
    for name, value in change.items():
        data.pop(name)
        data |= {name: value} if value else {}
    answer = client.post(address(review, "edit/"), data)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "không còn đúng, chưa lưu gì" in text and "TOTAL_FORMS)" not in text and "tổng thể" not in text
    assert [*review.tasks.values_list("text"), *review.sections.values_list("body")] == before


@pytest.mark.parametrize("day", ["0001-01-01", "1/1/1989", "2101-01-01", "9999-12-31"])
def test_days_before_1990_or_after_2100_are_refused(signed_in, review, day):
    client = signed_in("tonghop")
    for name in ("meeting_day", "task-0-deadline"):
        answer = client.post(address(review, "edit/"), edit_fields(client, review) | {name: day})
        assert answer.status_code == 422 and "từ năm 1990 đến năm 2100" in answer.content.decode()


def freeze_fields(client, review: Review) -> dict[str, str]:
    """The fields that the page of a review submits to freeze it."""
    return {"version": client.get(address(review)).context["version"]}


def test_warnings_need_a_reason(signed_in, review):
    leader = signed_in("lanhdao")
    actions.edit_draft(review, by=None, at=NOW, header=review.header | {"chaired": ""})
    answer = leader.post(address(review, "freeze/"), freeze_fields(leader, review))
    assert answer.status_code == 422 and "người chủ trì" in answer.content.decode()
    again = freeze_fields(leader, review) | {"reason": "Ghi sau họp"}
    assert leader.post(address(review, "freeze/"), again).status_code == 302
    found = Review.objects.get(pk=review.pk)
    assert found.is_frozen and found.frozen_reason == "Ghi sau họp"


def change_text(review: Review) -> None:
    actions.edit_draft(review, by=None, at=NOW, title="Tên mà lãnh đạo chưa đọc")


def change_figures(review: Review) -> None:
    edition = Edition.objects.get(submission__unit__code="13474", submission__month=202206, state="approved")
    row = DossierCount.objects.filter(edition=edition, received_direct__gt=0).first()
    DossierCount.objects.filter(pk=row.pk).update(received_direct=row.received_direct + 7)
    recount.recount_sums()


@pytest.mark.parametrize("change", [change_text, change_figures])
def test_only_the_version_on_the_page_is_frozen(signed_in, review, change):
    leader = signed_in("lanhdao")
    old = freeze_fields(leader, review)
    change(review)
    for sent in (old, {}):
        answer = leader.post(address(review, "freeze/"), sent)
        assert answer.status_code == 409 and "xem lại rồi chốt" in answer.content.decode()
    assert not Review.objects.get(pk=review.pk).is_frozen
    # Sentences that no longer match the figures need a reason.
    again = freeze_fields(leader, review) | {"reason": "Giữ lời văn"}
    assert leader.post(address(review, "freeze/"), again).status_code == 302


@pytest.mark.parametrize("change", [change_text, change_figures])
def test_a_change_during_rendering_is_not_lost(signed_in, review, monkeypatch, change):
    draw = draw_pdf

    def change_meanwhile(*args, **more):
        change(review)
        return draw(*args, **more)

    monkeypatch.setattr(copies, "draw_pdf", change_meanwhile)
    leader = signed_in("lanhdao")
    answer = leader.post(address(review, "freeze/"), freeze_fields(leader, review))
    assert answer.status_code == 409
    assert not Review.objects.get(pk=review.pk).is_frozen


@pytest.mark.parametrize(("error", "status"), [(drawing.RendererBusy, 429), (drawing.PdfTooLong, 422)])
def test_a_failed_rendering_is_reported(signed_in, review, monkeypatch, error, status):
    def refuse(*args, **more):
        raise error

    monkeypatch.setattr(copies, "draw_pdf", refuse)
    actions.edit_draft(review, by=None, at=NOW, title=f"Chưa ai vẽ {status}")
    leader = signed_in("lanhdao")
    for answer in (
        leader.get(f"/reports/reviews/{review.pk}.pdf"),
        leader.post(address(review, "freeze/"), freeze_fields(leader, review)),
    ):
        assert answer.status_code == status and str(error()) in answer.content.decode()
        assert answer.has_header("Retry-After") == (status == 429)
    assert not Review.objects.get(pk=review.pk).is_frozen


@pytest.fixture
def frozen(signed_in, review) -> Review:
    leader = signed_in("lanhdao")
    assert leader.post(address(review, "freeze/"), freeze_fields(leader, review)).status_code == 302
    return Review.objects.get(pk=review.pk)


def test_after_freezing(signed_in, frozen):
    editor = signed_in("tonghop")
    assert editor.get(address(frozen, "edit/")).status_code == 302
    wrong = editor.post(address(frozen, "number/"), {"number": "215/BC-UBND", "issued_on": "2022-08-13"})
    assert wrong.status_code == 422 and "không thể sau hôm nay" in wrong.content.decode()
    good = {"number": "215/BC-UBND", "issued_on": "12/8/2022"}
    assert editor.post(address(frozen, "number/"), good).status_code == 302
    assert shows(editor.get(address(frozen)).content.decode(), "Số 215/BC-UBND, ngày 12/8/2022")
    assert editor.post(address(frozen, "replace/")).status_code == 302
    assert Review.objects.get(replaces=frozen).state == "draft"


def test_number_and_day_are_final(signed_in, frozen):
    editor = signed_in("tonghop")
    good = {"number": "215/BC-UBND", "issued_on": "2022-08-12"}
    early = editor.post(address(frozen, "number/"), good | {"issued_on": "2022-08-11"})
    assert early.status_code == 422 and "trước ngày chốt số liệu (12/8/2022)" in early.content.decode()
    assert editor.post(address(frozen, "number/"), good).status_code == 302
    other = good | {"number": "999/BC-UBND"}
    answer = editor.post(address(frozen, "number/"), other)
    assert answer.status_code == 422 and Review.objects.get(pk=frozen.pk).number == "215/BC-UBND"
    assert editor.post(address(frozen, "number/"), other | {"reason": "Ghi nhầm số"}).status_code == 302
    text = editor.get(address(frozen)).content.decode()
    assert "Số 999/BC-UBND" in text and "ghi số 215/BC-UBND" in text and "Lý do: Ghi nhầm số" in text
    entry = Entry.objects.get(action="review.correct")
    assert entry.detail["old"] == {"number": "215/BC-UBND", "issued_on": "2022-08-12"}
    assert (entry.detail["number"], entry.detail["reason"]) == ("999/BC-UBND", "Ghi nhầm số")


def test_changed_figures_are_shown_old_and_new(signed_in, frozen):
    edition = Edition.objects.get(submission__unit__code="13474", submission__month=202206, state="approved")
    row = DossierCount.objects.filter(edition=edition, received_direct__gt=0).first()
    DossierCount.objects.filter(pk=row.pk).update(received_direct=row.received_direct + 7)
    recount.recount_sums()
    text = " ".join(signed_in("lanhdao").get(address(frozen)).content.decode().split())
    assert "Có số liệu mới hơn bản đã chốt" in text and "14.719" in text
    said = re.sub(r"<span role=.tooltip.*?</span>|<[^>]+>", "", text)
    assert "Cấp xã tiếp nhận 16.833 hồ sơ" in said


def upload(client, content: bytes, name: str = "a.pdf"):
    return client.post("/verify/", {"file": SimpleUploadedFile(name, content)})


def test_anyone_verifies(signed_in, frozen, client):
    content = signed_in("lanhdao").get(f"/reports/reviews/{frozen.pk}.pdf").content
    text = upload(client, content).content.decode()
    assert "Hợp lệ." in text and "huyện Thanh Liêm" in text and "6 tháng đầu năm 2022" in text
    assert frozen.pdf_sha256 not in text and "lanhdao" not in text
    changed = bytearray(content)
    changed[500] ^= 1
    assert "Không hợp lệ." in upload(client, bytes(changed)).content.decode()


@pytest.mark.parametrize("junk", [b"x", b"%PDF-1.7", b"PK\x03\x04" * 100, b"\0" * 5000])
def test_junk_is_not_valid(client, db, junk):
    answer = upload(client, junk, "../\u202e.pdf")
    assert answer.status_code == 200 and "Không hợp lệ." in answer.content.decode()


def test_no_file_and_too_large_a_file(client, db, settings):
    assert client.post("/verify/").status_code == 422
    settings.UPLOAD_MAX_BYTES = 1000
    assert upload(client, b"%PDF-" + b"x" * 2000).status_code == 413
