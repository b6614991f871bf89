"""What units write for a section: asking, writing with bound figures, sending, taking over with the source named."""

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
def asked(review) -> Asking:
    """Tân Thanh is asked for the words of the second section."""
    section = review.sections.get(order=2)
    (one,) = actions.ask_units(
        review, [unit("13474")], by=None, at=NOW, section=section, due_on=DAY + timedelta(3)
    )
    return one


def address(one: Asking, what: str = "") -> str:
    return f"/reports/asked/{one.pk}/{what}"


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
def test_rights(signed_in, asked, name, read, write, take):
    client = signed_in(name)
    assert client.get(address(asked)).status_code == read
    assert client.post(address(asked), {"revision": "0", "body": "Đã làm."}).status_code == write
    for what in ("take/", "return/", "withdraw/"):
        assert client.post(f"/reports/asking/{asked.pk}/{what}").status_code == take, what
    assert client.get(f"/reports/reviews/{asked.review_id}/asking/").status_code == (
        {302: 200}.get(take, take)
    )


def test_the_way_of_a_text(signed_in, asked):
    """Asked, written with a figure, sent, sent back, sent again, taken over; the figure is bound in the section."""
    clerk, editor = signed_in("xa-13474"), signed_in("tonghop")
    page = clerk.get("/records/").content.decode()
    assert asked.heading in page
    token = next(offered_fact.token for offered_fact in offered_facts(asked, contribution_facts(asked)))
    assert token in clerk.get(address(asked)).content.decode().replace("&#x27;", "'")
    body = f"Tiếp nhận {token} hồ sơ.\n\nĐã niêm yết <đủ>."
    sent = {"revision": "0", "body": body, "send": "1"}
    assert clerk.post(address(asked), sent).status_code == 302
    asked.refresh_from_db()
    assert asked.sent_at and asked.body == body
    assert asked.heading not in clerk.get("/records/").content.decode()
    page = editor.get(f"/reports/reviews/{asked.review_id}/asking/").content.decode()
    assert "Đã niêm yết &lt;đủ&gt;." in page
    assert editor.post(f"/reports/asking/{asked.pk}/return/", {"reason": ""}).status_code == 302
    asked.refresh_from_db()
    assert asked.sent_at
    editor.post(f"/reports/asking/{asked.pk}/return/", {"reason": "Nêu rõ số lớp."})
    assert "Nêu rõ số lớp." in clerk.get("/records/").content.decode()
    clerk.post(address(asked), sent | {"revision": "1"})
    before = asked.section.body
    assert editor.post(f"/reports/asking/{asked.pk}/take/").status_code == 302
    section = ReviewSection.objects.get(pk=asked.section_id)
    parts = bound_text.parse_paragraphs(section.body)
    assert section.body.startswith(before) and bound_text.paragraph_text(parts[-2]).startswith(
        "Thị trấn Tân Thanh: Tiếp nhận"
    )
    assert fact_prefix(asked) + "received" in bound_text.fact_keys(parts)
    doc = document.build_document(asked.review, demo=True)
    assert fact_prefix(asked) + "received" in doc["facts"]
    for _ in range(2):
        editor.post(f"/reports/asking/{asked.pk}/take/")
    assert ReviewSection.objects.get(pk=asked.section_id).body == section.body
    entry = Entry.objects.get(action="review.take")
    assert (entry.actor, entry.detail["unit"]) == ("tonghop", "13474")


def test_only_own_figures_are_quoted(signed_in, asked):
    clerk = signed_in("xa-13474")
    for key in ("unit.13480.received", "now.total.received", "unit.13474.x"):
        answer = clerk.post(address(asked), {"revision": "0", "body": f"[[{key}|5]] hồ sơ"})
        assert answer.status_code == 422 and "không có số liệu nào mang mã" in answer.content.decode()
    assert not Asking.objects.get(pk=asked.pk).body
    known = contribution_facts(asked)
    assert known and all(key.startswith("unit.13474.") for key in known)


@pytest.mark.parametrize(
    ("name", "status"), [("xa-13474", 200), ("tonghop", 200), ("lanhdao", 403), ("xa-13480", 404)]
)
def test_the_editor_is_told_of_own_figures_alone(signed_in, asked, name, status):
    client = signed_in(name)
    assert client.get(address(asked, "facts/"), {"q": "truc tiep"}).status_code == status
    assert client.post(address(asked, "facts/")).status_code == 405
    if status == 200:
        told = client.get(address(asked, "facts/"), {"q": "tiep nhan"}).json()
        assert told["total"] >= len(told["facts"]) > 0
        assert all(one["key"].startswith("unit.13474.") for one in told["facts"])
        keys = {"keys": "unit.13474.received,unit.13480.received,now.total.received"}
        assert [one["key"] for one in client.get(address(asked, "facts/"), keys).json()["facts"]] == [
            "unit.13474.received"
        ]
        Review.objects.filter(pk=asked.review_id).update(
            state="frozen", frozen_at=NOW, pdf_sha256="0" * 64, frozen={}
        )
        assert client.get(address(asked, "facts/")).json() == {"total": 0, "facts": []}


def test_what_is_sent_is_not_changed_until_it_is_taken_back(signed_in, asked):
    clerk = signed_in("xa-13474")
    actions.write_contribution(asked, "Lời.", by=None, at=NOW, revision=0, send=True)
    assert clerk.post(address(asked), {"revision": "1", "body": "Khác."}).status_code == 409
    assert clerk.post(address(asked, "recall/")).status_code == 302
    assert clerk.post(address(asked), {"revision": "0", "body": "Khác."}).status_code == 409
    assert clerk.post(address(asked), {"revision": "1", "body": "Khác."}).status_code == 302
    assert Asking.objects.get(pk=asked.pk).body == "Khác."


@pytest.mark.parametrize(
    "change", [{"body": ""}, {"body": "[[x"}, {"revision": "x"}, {"body": "x" * 200_001}]
)
def test_wrong_input(signed_in, asked, change):
    sent = {"revision": "0", "body": "Lời.", "send": "1"} | change
    answer = signed_in("xa-13474").post(address(asked), sent)
    assert answer.status_code in (409, 422) and "msg--err" in answer.content.decode()
    assert not Asking.objects.get(pk=asked.pk).sent_at


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
    found = Asking.objects.order_by("section__order")
    assert [(one.section.order, one.unit, one.due_on) for one in found] == [
        (2, office, DAY + timedelta(5)),
        (4, office, DAY + timedelta(5)),
    ]
    assert signed_in("lanhdao").post(page + "responsible/").status_code == 403


def test_children_are_those_of_the_periods_end(review):
    """From 2025 a province collects from its communes: whoever stands directly below it then."""
    found = {one.code for one in children_at(review.unit, date(2022, 6, 14))}
    assert "13474" in found and "phong-noi-vu" in found
    province = review.unit.parent
    assert [one.code for one in children_at(province, date(2022, 6, 14))] == ["351"]
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
    assert [one.name for one in after] == ["xã Tân Thanh"] and commune not in after


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


def test_a_contribution_of_the_greatest_length_is_taken_over(signed_in, asked):
    ReviewSection.objects.filter(pk=asked.section_id).update(body="")
    body = "x" * (200_000 - len("Thị trấn Tân Thanh: "))
    assert (
        signed_in("xa-13474").post(address(asked), {"revision": "0", "body": body, "send": "1"}).status_code
        == 302
    )
    assert signed_in("tonghop").post(f"/reports/asking/{asked.pk}/take/").status_code == 302
    assert len(ReviewSection.objects.get(pk=asked.section_id).body) == 200_000


def test_a_section_never_grows_beyond_what_can_be_edited(signed_in, asked):
    ReviewSection.objects.filter(pk=asked.section_id).update(body="x" * 199_990)
    actions.write_contribution(asked, "Lời dài.", by=None, at=NOW, revision=0, send=True)
    answer = signed_in("tonghop").post(f"/reports/asking/{asked.pk}/take/", follow=True)
    assert "sẽ dài quá 200.000 ký tự" in answer.content.decode()
    assert not Asking.objects.get(pk=asked.pk).taken_at


def test_a_province_collects_its_districts(signed_in, review):
    """The district's editor writes for the province, with the district's figures as they stand in its review."""
    province = review.unit.parent
    above = Review.objects.create(unit=province, period="2022-H1", title="Sơ kết của tỉnh", created_at=NOW)
    section = above.sections.create(order=1, heading="1. Kết quả")
    (one,) = actions.ask_units(above, [review.unit], by=None, at=NOW, section=section, due_on=DAY)
    client = signed_in("tonghop")
    assert "1. Kết quả" in client.get("/records/").content.decode()
    token = offered_facts(one, contribution_facts(one))[0].token
    assert token.startswith("[[unit.351.received|17.793")
    assert (
        client.post(address(one), {"revision": "0", "body": f"Nhận {token}.", "send": "1"}).status_code == 302
    )
    assert client.post(f"/reports/asking/{one.pk}/take/").status_code == 404
    actions.take_contribution(one, by=None, at=NOW)
    section.refresh_from_db()
    assert section.body == f"Huyện Thanh Liêm: Nhận {token}."


def test_own_words_are_offered(signed_in, asked):
    """A figure of the unit's own review stays bound where it is the same number here; others become words."""
    own = Review.objects.create(unit=asked.unit, period=asked.review.period, title="x", created_at=NOW)
    known = contribution_facts(asked)
    text = known["unit.13474.received"].text
    body = f"Nhận [[now.total.received|{text}]] hồ sơ, [[now.total.resolved|1]] đã xong, [[missing.count|0]] thiếu."
    own.sections.create(order=1, heading=asked.heading, key=asked.section.key, body=body)
    form = signed_in("xa-13474").get(address(asked) + "?lay=1").context["form"]
    assert form["body"].value() == f"Nhận [[unit.13474.received|{text}]] hồ sơ, 1 đã xong, 0 thiếu."


def test_withdrawing(signed_in, asked):
    actions.write_contribution(asked, "Lời.", by=None, at=NOW, revision=0)
    with pytest.raises(ReviewError):
        actions.withdraw_request(asked, by=None, at=NOW)
    actions.write_contribution(asked, "", by=None, at=NOW, revision=1)
    signed_in("tonghop").post(f"/reports/asking/{asked.pk}/withdraw/")
    assert not Asking.objects.exists() and Entry.objects.filter(action="review.unask").exists()


def test_a_frozen_review_takes_nothing(signed_in, asked):
    actions.write_contribution(asked, "Lời.", by=None, at=NOW, revision=0, send=True)
    body = asked.section.body
    frozen = {"state": "frozen", "frozen_at": NOW, "pdf_sha256": "0" * 64, "frozen": {}}
    Review.objects.filter(pk=asked.review_id).update(**frozen)
    for what in ("take/", "withdraw/", "return/"):
        signed_in("tonghop").post(f"/reports/asking/{asked.pk}/{what}", {"reason": "x"})
    signed_in("xa-13474").post(address(asked, "recall/"))
    asked.refresh_from_db()
    assert asked.sent_at and not asked.taken_at
    assert ReviewSection.objects.get(pk=asked.section_id).body == body


def test_queries_do_not_follow_the_number_of_units(signed_in, review):
    client, clerk = signed_in("tonghop"), signed_in("xa-13474")
    section, page = review.sections.get(order=2), f"/reports/reviews/{review.pk}/asking/"
    actions.ask_units(review, [unit("13474")], by=None, at=NOW, section=section, due_on=DAY)
    for one in (client.get(page), clerk.get("/records/")):
        assert one.status_code == 200
    with CaptureQueriesContext(connection) as few:
        client.get(page), clerk.get("/records/")
    for part in review.sections.all()[:5]:
        actions.ask_units(review, children_at(review.unit, DAY), by=None, at=NOW, section=part, due_on=DAY)
    with CaptureQueriesContext(connection) as many:
        client.get(page), clerk.get("/records/")
    assert len(many) == len(few)
