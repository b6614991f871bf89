"""The page of a review marks stale, lost and typed figures, and its panel links to each."""

import re

import pytest

from reports import document
from reports.drafting import actions
from reports.models import Review
from reports.printing import print_view
from tests.product.test_every_page import Page, foreign
from tests.reports.review_text.test_text_figures import TYPED, seven_more, write
from tests.reports.reviews.test_views import address
from tests.support.loaded_demo import NOW
from tests.support.page_text import squeezed


def page(client, review) -> str:
    return squeezed(client.get(address(review)).content.decode())


def anchors(text: str) -> tuple[list[str], set[str]]:
    """The anchors that the panel links to, and the ids on the page."""
    panel = text[text.index('id="h-see"') : text.index('id="h-sign"')]
    return re.findall(r'href="#([^"]+)"', panel), set(re.findall(r'id="([^"]+)"', text))


def test_each_figure_shows_its_source(signed_in, review):
    text = page(signed_in("lanhdao"), review)
    tag = re.search(
        r'<span class="src src--bound" id="cho-(\d+)"><a [^>]*>14\.712</a>.{0,600}?</span></span>', text
    )
    assert "Tiếp nhận trực tiếp, cấp xã, 6 tháng đầu năm 2022" in tag[0] and "96/96 báo cáo tháng" in tag[0]
    assert f'aria-describedby="so-{tag[1]}"' in tag[0] and f'role="tooltip" id="so-{tag[1]}"' in tag[0]
    assert 'href="/?unit=351&amp;period=2022-H1&amp;by=unit&amp;tier=commune"' in tag[0]
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_a_text_with_nothing_to_see_says_so(signed_in, review):
    text = page(signed_in("tonghop"), review)
    assert "Không còn việc nào cần xem." in text and "mang số đã đổi" not in text


@pytest.mark.parametrize("everything", [False, True])
def test_stale_sentences_are_marked_and_accepted(signed_in, review, everything):
    seven_more(review)
    client = signed_in("tonghop")
    text = page(client, review)
    assert "(nay là 14.719)" in text and 'class="stale"' in text
    to, has = anchors(text)
    assert to and set(to) <= has
    (stale,) = print_view.mark_text(document.build_document(review, demo=True)).stale
    assert stale.anchor in to and f'<span id="{stale.anchor}" tabindex="-1" class="stale">' in text
    name = "all" if everything else stale.sentence.name
    assert f'value="{name}"' in text
    sent = {"version": client.get(address(review)).context["version"], "accept": name}
    answer = client.post(address(review, "figures/"), sent)
    assert answer.status_code == 302
    assert answer.url == address(review) + ("" if everything else f"#{stale.anchor}")
    text = page(client, review)
    assert "nay là" not in text and "mang số đã đổi" not in text


def test_readers_see_marks_and_no_buttons(signed_in, review):
    seven_more(review)
    write(review, TYPED)
    text = page(signed_in("lanhdao"), review)
    assert "(nay là 14.719)" in text and "Số gõ tay khác số liệu" in text
    assert 'name="accept"' not in text and 'id="nhan-so"' not in text
    assert "Sửa<span" not in text


def test_typed_numbers_are_marked_and_led_to(signed_in, review):
    write(review, TYPED + " Đã mở 9 lớp." * 6)
    client = signed_in("tonghop")
    text = page(client, review)
    for state in ("same", "looks_like", "unsourced"):
        assert f'<span class="src src--{state}"' in text
    assert "Số gõ tay 14.721, số liệu là 14.712" in text and "Xem cả 7 số" in text
    to, has = anchors(text)
    assert len(to) >= 9 and set(to) <= has
    shape = print_view.mark_text(document.build_document(review, demo=True))
    assert shape.points == 8 and len(shape.same) == 1
    by_number = {
        piece.number: piece for sentence in _sentences(shape) for piece in sentence.pieces if piece.number
    }
    for typed in (*shape.looks_like, *shape.unsourced, *shape.same):
        assert by_number[typed.number].figure == typed.marked.figure
    version = client.get(address(review)).context["version"]
    client.post(address(review, "figures/"), {"version": version, "accept": shape.looks_like[0].accept})
    assert "[[now.commune.received_direct|14.712]]" in review.sections.get(order=2).body


def _sentences(shape: print_view.MarkedText) -> list[print_view.MarkedSentence]:
    return [sentence for section in shape.sections for paragraph in section for sentence in paragraph]


def test_a_number_outside_the_sections_has_no_place_on_the_page(review):
    write(review, TYPED)
    actions.edit_draft(review, by=None, at=NOW, header=review.header | {"closing": "Còn 17 việc."})
    shape = print_view.mark_text(document.build_document(Review.objects.get(pk=review.pk), demo=True))
    assert [(typed.marked.figure.text, bool(typed.number)) for typed in shape.unsourced] == [
        ("3", True),
        ("17", False),
    ]


def test_what_is_incomplete_leads_to_where_it_is_mended(signed_in, review):
    actions.edit_draft(review, by=None, at=NOW, recipients=[])
    section = review.sections.get(order=4)
    version = document.document_sha256([section.heading, section.body])[:16]
    actions.write_section(section, section.heading, "", by=None, at=NOW, version=version)
    client = signed_in("tonghop")
    text = page(client, review)
    assert f'<a href="{address(review, "edit/")}">Chưa ghi nơi nhận.</a>' in text
    assert (
        f'<a href="{address(review)}sections/{section.pk}/">Mục chưa có nội dung: {section.heading}.</a>'
        in text
    )
    assert '<a href="#muc-4">Mục chưa có nội dung' in page(signed_in("lanhdao"), review)


HOSTILE = [
    '<script>alert(1)</script><img src="http://x.example/a.png" onerror="alert(1)">',
    "\u202eđảo ngược\u202c \u2066x\u2069 [[now.commune.received|16.833]]",
    "dài" * 1500,
    "😀" * 300,
    "{{ 7|add:7 }} {% now 'Y' %} &lt;b&gt; \\u003cscript\\u003e </script>",
    "file:///etc/passwd http://169.254.169.254/",
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_text_is_shown_inert(signed_in, review, body):
    section = review.sections.get(order=2)
    client = signed_in("tonghop")
    where = f"{address(review)}sections/{section.pk}/"
    sent = {"heading": body[:280], "body": body, "version": client.get(where).context["version"]}
    assert client.post(where, sent).status_code == 302
    for text in (page(client, review), client.get(where).content.decode()):
        assert "<script>alert" not in text and "<img" not in text
        assert text.count("</script>") == len(re.findall(r"<script[ >]", text))


def test_no_word_of_the_panel_is_english(signed_in, review):
    seven_more(review)
    write(review, TYPED)
    assert (
        foreign(" ".join(Page(page(signed_in("tonghop"), review)).said), frozenset({"kh", "nv", "tm", "tt"}))
        == set()
    )
