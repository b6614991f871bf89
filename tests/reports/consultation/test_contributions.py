"""Contributions of units to a section: request, text with bound figures, sending, taking over with the source named."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.models import Entry
from reports import document
from reports.consultation import actions
from reports.consultation.queries import children_at, contribution_facts, fact_prefix, offered_facts
from reports.models import Asking, Review, ReviewSection
from reports.review_access import ReviewError
from reports.review_text import bound_text
from tests.support.loaded_demo import NOW
from units.models import Unit

DAY = NOW.date()


def unit(code: str) -> Unit:
    return Unit.objects.get(code=code)


@pytest.fixture
def asking(review) -> Asking:
    """A request to Tân Thanh for a contribution to the second section."""
    section = review.sections.get(order=2)
    (asking,) = actions.ask_units(
        review, [unit("13474")], by=None, at=NOW, section=section, due_on=DAY + timedelta(3)
    )
    return asking


def address(asking: Asking, what: str = "") -> str:
    return f"/reports/asked/{asking.pk}/{what}"


@pytest.mark.parametrize(
    ("name", "read", "write", "take"),
    [
        ("xa-13474", 200, 302, 404),
        ("tonghop", 200, 302, 302),
        ("lanhdao", 200, 403, 403),
        ("quantri", 200, 403, 403),
        ("xa-13480", 404, 404, 404),
        ("phong-noi-vu", 404, 404, 404),
    ],
)
def test_rights(signed_in, asking, name, read, write, take):
    client = signed_in(name)
    assert client.get(address(asking)).status_code == read
    assert client.post(address(asking), {"revision": "0", "body": "Đã làm."}).status_code == write
    for what in ("take/", "return/", "withdraw/"):
        assert client.post(f"/reports/asking/{asking.pk}/{what}").status_code == take, what
    assert client.get(f"/reports/reviews/{asking.review_id}/asking/").status_code == (
        {302: 200}.get(take, take)
    )


def test_the_way_of_a_text(signed_in, asking):
    """Requested, written, sent, returned, sent again, taken over; the figure stays bound in the section."""
    clerk, editor = signed_in("xa-13474"), signed_in("tonghop")
    page = clerk.get("/records/").content.decode()
    assert asking.heading in page
    token = next(fact.token for fact in offered_facts(asking, contribution_facts(asking)))
    assert token in clerk.get(address(asking)).content.decode().replace("&#x27;", "'")
    body = f"Tiếp nhận {token} hồ sơ.\n\nĐã niêm yết <đủ>."
    sent = {"revision": "0", "body": body, "send": "1"}
    assert clerk.post(address(asking), sent).status_code == 302
    asking.refresh_from_db()
    assert asking.sent_at and asking.body == body
    assert asking.heading not in clerk.get("/records/").content.decode()
    page = editor.get(f"/reports/reviews/{asking.review_id}/asking/").content.decode()
    assert "Đã niêm yết &lt;đủ&gt;." in page
    assert editor.post(f"/reports/asking/{asking.pk}/return/", {"reason": ""}).status_code == 302
    asking.refresh_from_db()
    assert asking.sent_at
    editor.post(f"/reports/asking/{asking.pk}/return/", {"reason": "Nêu rõ số lớp."})
    assert "Nêu rõ số lớp." in clerk.get("/records/").content.decode()
    clerk.post(address(asking), sent | {"revision": "1"})
    before = asking.section.body
    assert editor.post(f"/reports/asking/{asking.pk}/take/").status_code == 302
    section = ReviewSection.objects.get(pk=asking.section_id)
    parts = bound_text.parse_paragraphs(section.body)
    assert section.body.startswith(before) and bound_text.paragraph_text(parts[-2]).startswith(
        "Thị trấn Tân Thanh: Tiếp nhận"
    )
    assert fact_prefix(asking) + "received" in bound_text.fact_keys(parts)
    doc = document.build_document(asking.review, demo=True)
    assert fact_prefix(asking) + "received" in doc["facts"]
    for _ in range(2):
        editor.post(f"/reports/asking/{asking.pk}/take/")
    assert ReviewSection.objects.get(pk=asking.section_id).body == section.body
    entry = Entry.objects.get(action="review.take")
    assert (entry.actor, entry.detail["unit"]) == ("tonghop", "13474")


def test_only_own_figures_are_quoted(signed_in, asking):
    clerk = signed_in("xa-13474")
    for key in ("unit.13480.received", "now.total.received", "unit.13474.x"):
        answer = clerk.post(address(asking), {"revision": "0", "body": f"[[{key}|5]] hồ sơ"})
        assert answer.status_code == 422 and "không có số liệu nào mang mã" in answer.content.decode()
    assert not Asking.objects.get(pk=asking.pk).body
    facts = contribution_facts(asking)
    assert facts and all(key.startswith("unit.13474.") for key in facts)


@pytest.mark.parametrize(
    ("name", "status"), [("xa-13474", 200), ("tonghop", 200), ("lanhdao", 403), ("xa-13480", 404)]
)
def test_the_editor_lists_only_own_figures(signed_in, asking, name, status):
    client = signed_in(name)
    assert client.get(address(asking, "facts/"), {"q": "truc tiep"}).status_code == status
    assert client.post(address(asking, "facts/")).status_code == 405
    if status == 200:
        listed = client.get(address(asking, "facts/"), {"q": "tiep nhan"}).json()
        assert listed["total"] >= len(listed["facts"]) > 0
        assert all(fact["key"].startswith("unit.13474.") for fact in listed["facts"])
        keys = {"keys": "unit.13474.received,unit.13480.received,now.total.received"}
        assert [fact["key"] for fact in client.get(address(asking, "facts/"), keys).json()["facts"]] == [
            "unit.13474.received"
        ]
        Review.objects.filter(pk=asking.review_id).update(
            state="frozen", frozen_at=NOW, pdf_sha256="0" * 64, frozen={}
        )
        assert client.get(address(asking, "facts/")).json() == {"total": 0, "facts": []}


def test_what_is_sent_is_not_changed_until_it_is_taken_back(signed_in, asking):
    clerk = signed_in("xa-13474")
    actions.write_contribution(asking, "Lời.", by=None, at=NOW, revision=0, send=True)
    assert clerk.post(address(asking), {"revision": "1", "body": "Khác."}).status_code == 409
    assert clerk.post(address(asking, "recall/")).status_code == 302
    assert clerk.post(address(asking), {"revision": "0", "body": "Khác."}).status_code == 409
    assert clerk.post(address(asking), {"revision": "1", "body": "Khác."}).status_code == 302
    assert Asking.objects.get(pk=asking.pk).body == "Khác."


@pytest.mark.parametrize(
    "change", [{"body": ""}, {"body": "[[x"}, {"revision": "x"}, {"body": "x" * 200_001}]
)
def test_wrong_input(signed_in, asking, change):
    sent = {"revision": "0", "body": "Lời.", "send": "1"} | change
    answer = signed_in("xa-13474").post(address(asking), sent)
    assert answer.status_code in (409, 422) and "msg--err" in answer.content.decode()
    assert not Asking.objects.get(pk=asking.pk).sent_at


def test_asking_all_offices_once(signed_in, review):
    client = signed_in("tonghop")
    section = review.sections.get(order=2)
    form = {"section": str(section.pk), "whom": "offices", "due_on": "20/8/2022", "words": "Ngắn gọn."}
    page = f"/reports/reviews/{review.pk}/asking/"
    assert client.post(page, form).status_code == 302
    offices = Unit.objects.filter(parent=review.unit, kind="office", active_until=None).count()
    assert Asking.objects.count() == offices > 5
    assert client.post(page, form | {"whom": "below"}).status_code == 302
    assert client.post(page, form | {"whom": "below"}).status_code == 302
    assert Asking.objects.count() == offices + 16
    for wrong in ({"whom": "chosen"}, {"due_on": ""}, {"section": "x"}, {"whom": "chosen", "units": ["1"]}):
        assert client.post(page, form | wrong).status_code == 422, wrong
    assert client.get(page + f"?muc={section.pk}").status_code == 200


def test_responsible_offices_are_asked_at_once(signed_in, review):
    office = unit("phong-noi-vu")
    review.sections.filter(order__in=[2, 4]).update(responsible=office, due_on=DAY + timedelta(5))
    review.sections.filter(order=5).update(responsible=review.unit)
    client, page = signed_in("tonghop"), f"/reports/reviews/{review.pk}/asking/"
    assert "Hỏi đơn vị chủ trì của 2 mục còn lại" in client.get(page).content.decode()
    for _ in range(2):
        assert client.post(page + "responsible/").status_code == 302
    askings = Asking.objects.order_by("section__order")
    assert [(asking.section.order, asking.unit, asking.due_on) for asking in askings] == [
        (2, office, DAY + timedelta(5)),
        (4, office, DAY + timedelta(5)),
    ]
    assert signed_in("lanhdao").post(page + "responsible/").status_code == 403


def test_children_are_those_of_the_periods_end(review):
    """From 2025 the communes are directly below the province."""
    codes = {child.code for child in children_at(review.unit, date(2022, 6, 14))}
    assert "13474" in codes and "phong-noi-vu" in codes
    province = review.unit.parent
    assert [child.code for child in children_at(province, date(2022, 6, 14))] == ["351"]
    commune = unit("13474")
    Unit.objects.filter(pk=review.unit_id).update(active_until=date(2025, 6, 30))
    Unit.objects.create(
        code="13474",
        name="xã Tân Thanh",
        kind="committee",
        tier="commune",
        parent=province,
        path=f"{province.path}0/",
        depth=1,
        active_from=date(2025, 7, 1),
    )
    after = children_at(province, date(2025, 12, 14))
    assert [child.name for child in after] == ["xã Tân Thanh"] and commune not in after


def test_many_askings_stand_on_several_pages(signed_in, review):
    units = children_at(review.unit, DAY)
    for part in review.sections.all()[:5]:
        actions.ask_units(review, units, by=None, at=NOW, section=part, due_on=DAY - timedelta(1))
    client, page = signed_in("tonghop"), f"/reports/reviews/{review.pk}/asking/"
    number = 5 * len(units)
    text = client.get(page).content.decode()
    assert f"Đã nhận 0/{number}; quá hạn {number}" in text
    assert text.count("Rút yêu cầu<") == 100
    assert client.get(page + "?page=2").content.decode().count("Rút yêu cầu<") == number - 100
    assert f"<dd>{number}</dd>" in client.get(f"/reports/reviews/{review.pk}/").content.decode()


def test_a_contribution_of_the_greatest_length_is_taken_over(signed_in, asking):
    ReviewSection.objects.filter(pk=asking.section_id).update(body="")
    body = "x" * (200_000 - len("Thị trấn Tân Thanh: "))
    assert (
        signed_in("xa-13474").post(address(asking), {"revision": "0", "body": body, "send": "1"}).status_code
        == 302
    )
    assert signed_in("tonghop").post(f"/reports/asking/{asking.pk}/take/").status_code == 302
    assert len(ReviewSection.objects.get(pk=asking.section_id).body) == 200_000


def test_a_section_never_grows_beyond_what_can_be_edited(signed_in, asking):
    ReviewSection.objects.filter(pk=asking.section_id).update(body="x" * 199_990)
    actions.write_contribution(asking, "Lời dài.", by=None, at=NOW, revision=0, send=True)
    answer = signed_in("tonghop").post(f"/reports/asking/{asking.pk}/take/", follow=True)
    assert "sẽ dài quá 200.000 ký tự" in answer.content.decode()
    assert not Asking.objects.get(pk=asking.pk).taken_at


def test_a_province_collects_its_districts(signed_in, review):
    """The district's editor writes for the province, with the figures of the district's review."""
    province = review.unit.parent
    above = Review.objects.create(unit=province, period="2022-H1", title="Sơ kết của tỉnh", created_at=NOW)
    section = above.sections.create(order=1, heading="1. Kết quả")
    (asking,) = actions.ask_units(above, [review.unit], by=None, at=NOW, section=section, due_on=DAY)
    client = signed_in("tonghop")
    assert "1. Kết quả" in client.get("/records/").content.decode()
    token = offered_facts(asking, contribution_facts(asking))[0].token
    assert token.startswith("[[unit.351.received|17.793")
    assert (
        client.post(address(asking), {"revision": "0", "body": f"Nhận {token}.", "send": "1"}).status_code
        == 302
    )
    assert client.post(f"/reports/asking/{asking.pk}/take/").status_code == 404
    actions.take_contribution(asking, by=None, at=NOW)
    section.refresh_from_db()
    assert section.body == f"Huyện Thanh Liêm: Nhận {token}."


def test_own_words_are_offered(signed_in, asking):
    """Figures of the unit's own review stay bound if they have the same value here; others become plain text."""
    own = Review.objects.create(unit=asking.unit, period=asking.review.period, title="x", created_at=NOW)
    facts = contribution_facts(asking)
    text = facts["unit.13474.received"].text
    body = f"Nhận [[now.total.received|{text}]] hồ sơ, [[now.total.resolved|1]] đã xong, [[missing.count|0]] thiếu."
    own.sections.create(order=1, heading=asking.heading, key=asking.section.key, body=body)
    form = signed_in("xa-13474").get(address(asking) + "?lay=1").context["form"]
    assert form["body"].value() == f"Nhận [[unit.13474.received|{text}]] hồ sơ, 1 đã xong, 0 thiếu."


def test_withdrawing(signed_in, asking):
    actions.write_contribution(asking, "Lời.", by=None, at=NOW, revision=0)
    with pytest.raises(ReviewError):
        actions.withdraw_request(asking, by=None, at=NOW)
    actions.write_contribution(asking, "", by=None, at=NOW, revision=1)
    signed_in("tonghop").post(f"/reports/asking/{asking.pk}/withdraw/")
    assert not Asking.objects.exists() and Entry.objects.filter(action="review.unask").exists()


def test_a_frozen_review_takes_nothing(signed_in, asking):
    actions.write_contribution(asking, "Lời.", by=None, at=NOW, revision=0, send=True)
    body = asking.section.body
    frozen = {"state": "frozen", "frozen_at": NOW, "pdf_sha256": "0" * 64, "frozen": {}}
    Review.objects.filter(pk=asking.review_id).update(**frozen)
    for what in ("take/", "withdraw/", "return/"):
        signed_in("tonghop").post(f"/reports/asking/{asking.pk}/{what}", {"reason": "x"})
    signed_in("xa-13474").post(address(asking, "recall/"))
    asking.refresh_from_db()
    assert asking.sent_at and not asking.taken_at
    assert ReviewSection.objects.get(pk=asking.section_id).body == body


def test_queries_do_not_follow_the_number_of_units(signed_in, review):
    client, clerk = signed_in("tonghop"), signed_in("xa-13474")
    section, page = review.sections.get(order=2), f"/reports/reviews/{review.pk}/asking/"
    actions.ask_units(review, [unit("13474")], by=None, at=NOW, section=section, due_on=DAY)
    for answer in (client.get(page), clerk.get("/records/")):
        assert answer.status_code == 200
    with CaptureQueriesContext(connection) as few:
        client.get(page), clerk.get("/records/")
    for part in review.sections.all()[:5]:
        actions.ask_units(review, children_at(review.unit, DAY), by=None, at=NOW, section=part, due_on=DAY)
    with CaptureQueriesContext(connection) as many:
        client.get(page), clerk.get("/records/")
    assert len(many) == len(few)
