"""Editing a section: figures are checked and stay bound, a colleague's text is not overwritten unseen."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from ledger.models import Entry
from reports import review_access
from reports.drafting import actions
from reports.drafting.queries import section_version
from reports.models import Review
from reports.review_text import bound_text
from tests.product.test_every_page import Page, foreign
from tests.support.loaded_demo import NOW
from tests.support.page_text import shows

JSON = {"HTTP_ACCEPT": "application/json"}
KEY = "now.commune.received_direct"


@pytest.fixture
def section(review):
    return review.sections.get(order=5)


def address(section) -> str:
    return f"/reports/reviews/{section.review_id}/sections/{section.pk}/"


def sent(section, **change) -> dict[str, str]:
    """The form's data as opened, with changes."""
    return {
        "heading": section.heading,
        "body": section.body,
        "version": section_version(section),
    } | change


@pytest.mark.parametrize(
    ("name", "status"),
    [("tonghop", 200), ("lanhdao", 403), ("quantri", 403), ("phong-noi-vu", 404), ("xa-13474", 404)],
)
@pytest.mark.parametrize("what", ["section", "facts"])
def test_rights(signed_in, review, section, name, status, what):
    where = address(section) if what == "section" else f"/reports/reviews/{review.pk}/facts/"
    assert signed_in(name).get(where).status_code == status
    if what == "section" and status != 200:
        assert signed_in(name).post(where, sent(section, body="Lời khác.")).status_code == status
        assert review.sections.get(pk=section.pk).body == section.body


def test_a_section_of_another_review_is_unknown(signed_in, review, section):
    other = Review.objects.create(unit=review.unit, period="2022-Q1", title="Khác", created_at=NOW)
    assert signed_in("tonghop").get(f"/reports/reviews/{other.pk}/sections/{section.pk}/").status_code == 404


def test_saving_keeps_figures_bound_and_is_logged(signed_in, section):
    body = f"Cấp xã: [[{KEY}|14.712]] hồ sơ.\r\n\r\n\r\nĐoạn hai\n viết tiếp.  "
    answer = signed_in("tonghop").post(address(section), sent(section, body=body, heading="2.2. Thủ tục"))
    assert answer.status_code == 302 and answer.url.endswith("#muc-5")
    now = section.review.sections.get(pk=section.pk)
    assert now.body == f"Cấp xã: [[{KEY}|14.712]] hồ sơ.\n\nĐoạn hai viết tiếp."
    entry = Entry.objects.order_by("-sequence").first()
    assert entry.action == "review.section" and entry.detail["section"] == section.pk
    assert entry.detail["before"] == {"heading": section.heading, "body": section.body}
    assert entry.detail["after"] == {"heading": "2.2. Thủ tục", "body": now.body}


def test_what_changes_nothing_is_not_logged(signed_in, section):
    before = Entry.objects.count()
    assert signed_in("tonghop").post(address(section), sent(section)).status_code == 302
    assert Entry.objects.count() == before


WRONG = [
    ("Đầu.\n\nCó [[now.nowhere.received|5]] hồ sơ.", "Đoạn 2: không có số liệu nào mang mã “now.nowhere.received”"),
    (f"Có [[{KEY}|14.7", "Đoạn 1: “[[now.commune.received_direct|14.7” không phải một số liệu trọn vẹn"),
    (f"Có [[{KEY}|]] hồ sơ", "Đoạn 1: “[[now.commune.received_direct|]]"),
    ("Một.\n\n \n\nHai ]] ba.", "Đoạn 2: “Hai ]]”"),
    ("x" * 200_001, "Dài quá 200.000 ký tự."),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), WRONG)
def test_what_is_no_figure_is_refused_with_its_place(signed_in, section, body, message):
    client = signed_in("tonghop")
    answer = client.post(address(section), sent(section, body=body), **JSON)
    assert answer.status_code == 422 and message in answer.json()["errors"]["body"][0]
    page = client.post(address(section), sent(section, body=body))
    assert page.status_code == 422 and page.context["form"]["body"].value() == body
    assert 'class="wrong" id="id_body_error"' in page.content.decode()
    assert section.review.sections.get(pk=section.pk).body == section.body


def test_of_many_wrong_figures_the_first_are_listed(signed_in, section):
    body = "\n\n".join("[[no.where|1]]" for _ in range(9))
    answer = signed_in("tonghop").post(address(section), sent(section, body=body), **JSON)
    assert len(answer.json()["errors"]["body"]) == 6
    assert answer.json()["errors"]["body"][-1] == "Còn 4 chỗ như vậy nữa."


def test_a_figure_whose_source_is_gone_does_not_block_its_neighbours(signed_in, section):
    type(section).objects.filter(pk=section.pk).update(body="Có [[gone.fact|5]] hồ sơ.")
    section.refresh_from_db()
    change = sent(section, body="Đã có [[gone.fact|5]] hồ sơ.")
    assert signed_in("tonghop").post(address(section), change).status_code == 302


def test_length_is_that_of_what_is_read(signed_in, section):
    body = f"[[{KEY}|14.712]] " * 20_000
    assert len(body) > 200_000 > len(bound_text.plain_text(body))
    assert signed_in("tonghop").post(address(section), sent(section, body=body)).status_code == 302


def test_a_section_holds_200_kb(signed_in, section):
    """A text at the limit is accepted, and its pages take no more queries than a short one."""
    client = signed_in("tonghop")
    pages = (f"/reports/reviews/{section.review_id}/", address(section))
    counts = []
    for body in ("Một câu.", ("Tiếp nhận 5 hồ sơ. " * 11_000)[:199_999] + "."):
        assert client.post(address(section), sent(section, body=body)).status_code == 302
        section.refresh_from_db()
        assert section.body == body
        with CaptureQueriesContext(connection) as queries:
            answers = [client.get(page) for page in pages]
        assert [answer.status_code for answer in answers] == [200, 200]
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "Đang hiện 200 số đầu" in answers[0].content.decode()
    assert max(len(answer.content) for answer in answers) < 6_000_000


def test_a_colleagues_text_is_shown_and_not_overwritten(signed_in, review, section):
    opened = sent(section, body="Lời của tôi <b>.")
    theirs = f"Lời của đồng nghiệp: [[{KEY}|14.712]]."
    assert signed_in("tonghop").post(address(section), sent(section, body=theirs)).status_code == 302
    client = signed_in("tonghop")
    answer = client.post(address(section), opened)
    text = answer.content.decode()
    assert answer.status_code == 409 and "Lời của tôi &lt;b&gt;." in text
    assert shows(text, 'Lời của đồng nghiệp: <span class="fact">14.712</span>.')
    assert (
        client.post(address(section), opened).status_code == 409
    )  # sent again it overwrites no more than before
    refused = client.post(address(section), opened, **JSON)
    assert (
        refused.status_code == 409 and refused.json()["code"] == "stale" and refused.json()["body"] == theirs
    )
    assert refused.json()["by"] and refused.json()["at"].startswith("20")
    assert review.sections.get(pk=section.pk).body == theirs
    over = opened | {"over": refused.json()["version"]}
    assert client.post(address(section), over).status_code == 302
    assert review.sections.get(pk=section.pk).body == "Lời của tôi <b>."
    assert (
        client.post(address(section), over | {"body": "Cũ"}).status_code == 409
    )  # overwrites only the version that was shown


def test_sections_do_not_lock_each_other(signed_in, review, section):
    client = signed_in("tonghop")
    other = review.sections.get(order=6)
    first, second = sent(section, body="Một."), sent(other, body="Hai.")
    around = client.get(f"/reports/reviews/{review.pk}/edit/").context["version"]
    assert client.post(address(section), first).status_code == 302
    assert client.post(address(other), second).status_code == 302
    assert client.get(f"/reports/reviews/{review.pk}/edit/").context["version"] == around


def test_a_frozen_review_is_not_written(signed_in, review, section, drawn_once):
    Review.objects.filter(pk=review.pk).update(
        state="frozen", frozen={"x": 1}, frozen_at=NOW, pdf_sha256="0" * 64
    )
    client = signed_in("tonghop")
    assert client.get(address(section)).status_code == 302
    answer = client.post(address(section), sent(section, body="Khác."), **JSON)
    assert answer.status_code == 409 and answer.json()["code"] == "frozen"
    with pytest.raises(review_access.ReviewError):
        version = section_version(section)
        actions.write_section(section, "x", "y", by=None, at=NOW, version=version)


def test_the_page_knows_the_facts_that_it_quotes(signed_in, section):
    answer = signed_in("tonghop").get(address(section))
    keys = bound_text.fact_keys(bound_text.parse_paragraphs(section.body))
    quoted = {fact["key"]: fact for fact in answer.context["quoted"]}
    assert keys and set(quoted) == set(keys)
    assert quoted["now.district.received_direct"]["text"] == "463"
    assert quoted["now.district.received_direct"]["link"].startswith("/?unit=351&period=2022-H1")
    text = answer.content.decode()
    assert "[[mã|số]]" in text and text.count("<h1") == 1 and "style=" not in text
    for where in (address(section), f"/reports/reviews/{section.review_id}/facts/?q=cap+xa"):
        assert foreign(" ".join(Page(signed_in("tonghop").get(where).content.decode()).said)) == set()


@pytest.mark.parametrize(
    "words", ["truc tuyen cap xa", "TRỰC TUYẾN, cấp xã", "received_online commune now", "2.116"]
)
def test_facts_are_found_without_diacritics(signed_in, review, words):
    answer = signed_in("tonghop").get(f"/reports/reviews/{review.pk}/facts/", {"q": words}, **JSON)
    facts = answer.json()["facts"]
    assert any(fact["key"] == "now.commune.received_online" and fact["text"] == "2.116" for fact in facts)
    assert all(fact["text"] != "—" for fact in facts)


def test_facts_are_listed_and_named(signed_in, review):
    client, where = signed_in("tonghop"), f"/reports/reviews/{review.pk}/facts/"
    text = client.get(where, {"q": "truc tuyen cap xa"}).content.decode()
    assert f"[[{'now.commune.received_online'}|2.116]]" in text
    assert "Không có số liệu nào khớp" in client.get(where, {"q": "<script>"}).content.decode()
    named = client.get(where, {"keys": f"{KEY},no.where"}, **JSON).json()
    assert [fact["text"] for fact in named["facts"]] == ["14.712"]
    assert json.dumps(named, ensure_ascii=False).count("\\u") == 0
    assert client.get(where, {"page": "x"}).status_code == 200


def test_queries_do_not_grow_with_the_text(signed_in, section, django_assert_num_queries):
    client = signed_in("tonghop")
    client.get(address(section))
    with django_assert_num_queries(_queries(client, section)):
        type(section).objects.filter(pk=section.pk).update(body=f"Có [[{KEY}|14.712]]. " * 200)
        client.get(address(section))


def _queries(client, section) -> int:
    """The page's number of queries with the demo's text, plus the update in the test."""
    with CaptureQueriesContext(connection) as queries:
        client.get(address(section))
    return len(queries) + 1


WORDS = st.text(alphabet=st.sampled_from("ab [|].\n\r[[]]0"), max_size=60)


@given(WORDS)
def test_where_nothing_is_broken_no_bracket_is_left(text):
    """Accepted text shows no double brackets and survives a round trip."""
    if bound_text.broken_tokens(text):
        return
    written = bound_text.write_paragraphs(bound_text.parse_paragraphs(text))
    assert "[[" not in bound_text.plain_text(text) and "]]" not in bound_text.plain_text(text)
    assert bound_text.parse_paragraphs(written) == bound_text.parse_paragraphs(text)
