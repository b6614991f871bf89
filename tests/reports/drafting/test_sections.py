"""One section of a draft: figures are checked and stay bound, nothing of a colleague is overwritten unseen."""

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
    """What the page sends when it is saved as it was opened, and what somebody changed of it."""
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


@pytest.mark.parametrize(("body", "told"), WRONG)
def test_what_is_no_figure_is_refused_with_its_place(signed_in, section, body, told):
    client = signed_in("tonghop")
    answer = client.post(address(section), sent(section, body=body), **JSON)
    assert answer.status_code == 422 and told in answer.json()["errors"]["body"][0]
    page = client.post(address(section), sent(section, body=body))
    assert page.status_code == 422 and page.context["form"]["body"].value() == body
    assert 'class="wrong" id="id_body_error"' in page.content.decode()
    assert section.review.sections.get(pk=section.pk).body == section.body


def test_many_wrong_figures_are_told_in_part(signed_in, section):
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
    """What many communes wrote: accepted at the limit, and the pages about it ask no more than before."""
    client = signed_in("tonghop")
    pages = (f"/reports/reviews/{section.review_id}/", address(section))
    asked = []
    for body in ("Một câu.", ("Tiếp nhận 5 hồ sơ. " * 11_000)[:199_999] + "."):
        assert client.post(address(section), sent(section, body=body)).status_code == 302
        section.refresh_from_db()
        assert section.body == body
        with CaptureQueriesContext(connection) as queries:
            answers = [client.get(page) for page in pages]
        assert [answer.status_code for answer in answers] == [200, 200]
        asked.append(len(queries))
    assert asked[0] == asked[1]
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
    told = client.post(address(section), opened, **JSON)
    assert told.status_code == 409 and told.json()["code"] == "stale" and told.json()["body"] == theirs
    assert told.json()["by"] and told.json()["at"].startswith("20")
    assert review.sections.get(pk=section.pk).body == theirs
    over = opened | {"over": told.json()["version"]}
    assert client.post(address(section), over).status_code == 302
    assert review.sections.get(pk=section.pk).body == "Lời của tôi <b>."
    assert (
        client.post(address(section), over | {"body": "Cũ"}).status_code == 409
    )  # replaces only what was seen


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
    quoted = {one["key"]: one for one in answer.context["quoted"]}
    assert keys and set(quoted) == set(keys)
    assert quoted["now.district.received_direct"]["text"] == "463"
    assert quoted["now.district.received_direct"]["link"].startswith("/?unit=351&period=2022-H1")
    text = answer.content.decode()
    assert "[[mã|số]]" in text and text.count("<h1") == 1 and "style=" not in text
    for where in (address(section), f"/reports/reviews/{section.review_id}/facts/?q=cap+xa"):
        assert foreign(" ".join(Page(signed_in("tonghop").get(where).content.decode()).said)) == set()


@pytest.mark.parametrize(
    "asked", ["truc tuyen cap xa", "TRỰC TUYẾN, cấp xã", "received_online commune now", "2.116"]
)
def test_facts_are_found_without_diacritics(signed_in, review, asked):
    answer = signed_in("tonghop").get(f"/reports/reviews/{review.pk}/facts/", {"q": asked}, **JSON)
    found = answer.json()["facts"]
    assert any(one["key"] == "now.commune.received_online" and one["text"] == "2.116" for one in found)
    assert all(one["text"] != "—" for one in found)


def test_facts_are_listed_and_named(signed_in, review):
    client, where = signed_in("tonghop"), f"/reports/reviews/{review.pk}/facts/"
    text = client.get(where, {"q": "truc tuyen cap xa"}).content.decode()
    assert f"[[{'now.commune.received_online'}|2.116]]" in text
    assert "Không có số liệu nào khớp" in client.get(where, {"q": "<script>"}).content.decode()
    named = client.get(where, {"keys": f"{KEY},no.where"}, **JSON).json()
    assert [one["text"] for one in named["facts"]] == ["14.712"]
    assert json.dumps(named, ensure_ascii=False).count("\\u") == 0
    assert client.get(where, {"page": "x"}).status_code == 200


def test_questions_do_not_grow_with_the_words(signed_in, section, django_assert_num_queries):
    client = signed_in("tonghop")
    client.get(address(section))
    with django_assert_num_queries(_queries(client, section)):
        type(section).objects.filter(pk=section.pk).update(body=f"Có [[{KEY}|14.712]]. " * 200)
        client.get(address(section))


def _queries(client, section) -> int:
    """How many queries the page asks as the demo has it, with the one that lengthens the text."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        client.get(address(section))
    return len(asked) + 1


WORDS = st.text(alphabet=st.sampled_from("ab [|].\n\r[[]]0"), max_size=60)


@given(WORDS)
def test_where_nothing_is_broken_no_bracket_is_left(text):
    """What is accepted reads without double brackets, and reading it back changes nothing."""
    if bound_text.broken_tokens(text):
        return
    written = bound_text.write_paragraphs(bound_text.parse_paragraphs(text))
    assert "[[" not in bound_text.plain_text(text) and "]]" not in bound_text.plain_text(text)
    assert bound_text.parse_paragraphs(written) == bound_text.parse_paragraphs(text)
