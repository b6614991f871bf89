"""Comments on sections: rights by state, replies, resolving; kept after issuing, never printed."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.models import Entry
from reports import document
from reports.consultation import actions as consultation_actions
from reports.drafting import actions as drafting_actions
from reports.freezing import before_signing
from reports.models import Asking, Review, ReviewState, SectionComment
from tests.support.loaded_demo import NOW
from tests.support.page_text import squeezed
from units.models import Unit

DUE = date(2022, 8, 20)


def address(review: Review, what: str = "") -> str:
    return f"/reports/reviews/{review.pk}/{what}"


@pytest.fixture
def put(review) -> Review:
    """The draft, out for comment; Phòng Nội vụ and Tân Thanh are asked to comment."""
    units = [Unit.objects.get(code="phong-noi-vu"), Unit.objects.get(code="13474")]
    consultation_actions.ask_units(review, units, by=None, at=NOW, due_on=DUE, words="Xem mục 2.2.")
    return drafting_actions.set_state(review, ReviewState.COMMENT, by=None, at=NOW)


def add_comment(review: Review, text: str = "Bổ sung số lớp tập huấn.", **more) -> SectionComment:
    more = {"section": review.sections.get(order=2), "unit": review.unit} | more
    return consultation_actions.add_comment(review, text, by=None, at=NOW, **more)


@pytest.mark.parametrize(
    ("name", "draft", "comment", "frozen"),
    [
        # members of the unit; units asked to comment, while the draft is out for comment; nobody else
        ("tonghop", (200, 409), (200, 302), (200, 409)),
        ("lanhdao", (200, 409), (200, 302), (200, 409)),
        ("quantri", (200, 403), (200, 403), (200, 403)),
        ("phong-noi-vu", (404, 404), (200, 302), (404, 404)),
        ("xa-13474", (404, 404), (200, 302), (404, 404)),
        ("xa-13480", (404, 404), (404, 404), (404, 404)),
    ],
)
def test_rights_by_state(signed_in, put, name, draft, comment, frozen):
    client, units = signed_in(name), {"phong-noi-vu": "phong-noi-vu", "xa-13474": "13474"}
    unit = Unit.objects.get(code=units.get(name, "351"))
    form = {"section": "", "unit": str(unit.pk), "text": "Nhất trí."}
    frozen_row = {"frozen_at": NOW, "pdf_sha256": "0" * 64, "frozen": document.build_document(put, demo=True)}
    for state, expected in (("draft", draft), ("comment", comment), ("frozen", frozen)):
        more = frozen_row if state == "frozen" else {}
        Review.objects.filter(pk=put.pk).update(state=state, **more)
        there = client.get(address(put)).status_code
        assert (there, client.post(address(put, "comments/"), form).status_code) == expected, state
    assert SectionComment.objects.count() == (comment[1] == 302)


def test_an_asked_office_comments_on_a_section(signed_in, put):
    client, office = signed_in("phong-noi-vu"), Unit.objects.get(code="phong-noi-vu")
    assert "Xem mục 2.2." in client.get("/records/").content.decode()
    page = squeezed(client.get(address(put)).content.decode())
    assert "được xin ý kiến" in page and "Sửa lời văn" not in page
    section = put.sections.get(order=2)
    form = {"section": str(section.pk), "unit": str(office.pk), "text": "Thêm <b>số lớp</b>."}
    assert client.post(address(put, "comments/"), form).status_code == 302
    page = signed_in("tonghop").get(address(put)).content.decode()
    assert "Thêm &lt;b&gt;số lớp&lt;/b&gt;." in page and "1 ý kiến chưa giải quyết" in page
    assert (
        Asking.objects.get(unit=office).sent_at
        and "Xem mục 2.2." not in client.get("/records/").content.decode()
    )
    entry = Entry.objects.get(action="review.comment")
    assert (entry.actor, entry.detail["unit"]) == ("phong-noi-vu", "phong-noi-vu")


def test_nobody_speaks_for_another_unit(signed_in, put):
    other = Unit.objects.get(code="13474")
    form = {"section": "", "unit": str(other.pk), "text": "Nhất trí."}
    assert signed_in("phong-noi-vu").post(address(put, "comments/"), form).status_code == 422
    foreign = Review.objects.create(unit=put.unit, period="2021", title="x", created_at=NOW)
    part = foreign.sections.create(order=1, heading="y")
    form = {"section": str(part.pk), "unit": str(put.unit_id), "text": "Nhất trí."}
    assert signed_in("tonghop").post(address(put, "comments/"), form).status_code == 422
    assert not SectionComment.objects.exists()


def test_settling(signed_in, put):
    comment, other = add_comment(put), add_comment(put, "Sửa câu cuối.", section=None)
    editor, office = signed_in("tonghop"), signed_in("phong-noi-vu")
    reply = f"/reports/comments/{comment.pk}/reply/"
    assert office.post(reply, {"text": "Đồng ý.", "resolution": ""}).status_code == 302
    assert office.post(reply, {"text": "", "resolution": "taken"}).status_code == 403
    assert editor.post(reply, {"text": "", "resolution": "explained"}).status_code == 409
    assert editor.post(reply, {"text": "", "resolution": "x"}).status_code == 422
    answer = editor.post(reply, {"text": "Đã thêm.", "resolution": "taken"})
    assert answer.status_code == 302
    comment.refresh_from_db()
    assert comment.resolution == "taken"
    assert [each.text for each in comment.replies.all()] == ["Đồng ý.", "Đã thêm."]
    assert editor.post(reply, {"text": "Lần nữa.", "resolution": "taken"}).status_code == 409
    warnings = before_signing(put, document.build_document(put, demo=True), NOW.date())
    assert "Còn 1 ý kiến góp ý chưa giải quyết." in warnings
    consultation_actions.resolve_comment(other, "explained", "Câu đã đúng.", unit=put.unit, by=None, at=NOW)
    assert "Đã giải quyết hết" in editor.get(address(put)).content.decode()


def test_no_comment_at_all(signed_in, put):
    asking = Asking.objects.get(unit__code="13474")
    assert signed_in("xa-13480").post(f"/reports/asking/{asking.pk}/agree/").status_code == 404
    assert signed_in("lanhdao").post(f"/reports/asking/{asking.pk}/agree/").status_code == 403
    assert signed_in("xa-13474").post(f"/reports/asking/{asking.pk}/agree/").status_code == 302
    asking.refresh_from_db()
    assert asking.sent_by and Entry.objects.filter(action="review.agree").exists()


def test_kept_and_never_printed(signed_in, put):
    comment = add_comment(put, "Lời góp ý không in.")
    doc = document.build_document(put, demo=True)
    assert "Lời góp ý không in." not in str(doc)
    frozen = {"state": "frozen", "frozen_at": NOW, "pdf_sha256": "0" * 64, "frozen": doc}
    Review.objects.filter(pk=put.pk).update(**frozen)
    page = signed_in("lanhdao").get(address(put)).content.decode()
    assert "Lời góp ý không in." in page and 'class="card no-print" id="gop-y"' in page
    answer = signed_in("tonghop").post(f"/reports/comments/{comment.pk}/reply/", {"resolution": "taken"})
    assert answer.status_code == 409
    comment.refresh_from_db()
    assert not comment.resolution


def test_a_comment_outlives_its_section(review):
    drafting_actions.set_state(review, ReviewState.COMMENT, by=None, at=NOW)
    comment = add_comment(review)
    heading = comment.heading
    review.sections.get(order=2).delete()
    comment.refresh_from_db()
    assert (comment.section_id, comment.heading) == (None, heading)


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001])
def test_wrong_words(signed_in, put, text):
    form = {"section": "", "unit": str(put.unit_id), "text": text}
    assert signed_in("tonghop").post(address(put, "comments/"), form).status_code == 422
    assert not SectionComment.objects.exists()


def test_queries_do_not_follow_the_number_of_comments(signed_in, put):
    client = signed_in("lanhdao")
    add_comment(put)
    client.get(address(put))
    with CaptureQueriesContext(connection) as few:
        client.get(address(put))
    for number in range(20):
        comment = add_comment(put, f"Ý kiến {number}", section=put.sections.get(order=1 + number % 5))
        consultation_actions.add_comment(put, "Trả lời.", unit=put.unit, parent=comment, by=None, at=NOW)
    with CaptureQueriesContext(connection) as many:
        assert "Ý kiến 19" in client.get(address(put)).content.decode()
    assert len(many) == len(few)
