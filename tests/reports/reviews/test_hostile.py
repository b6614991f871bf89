"""Text as people paste it: huge, broken, of other scripts, or meant to do harm. It is drawn, and nothing is fetched."""

import time
from io import BytesIO

import pytest
from django.conf import settings
from pypdf import PdfReader

from reports import actions
from reports.models import Review
from reports.outlets import copies, pdf, printed
from reports.outlets.pdf.renderer import drawing
from reports.queries import document

from .conftest import NOW
from .test_pdf import hostile

ADDRESS = "http://127.0.0.1:9"
TEXTS = {
    "html": hostile(ADDRESS),
    "style": f"</p></section><style>@import '{ADDRESS}/a'; p {{ background: url({ADDRESS}/b) }}</style><p style='x'>",
    "css in words": f"}} @font-face {{ src: url({ADDRESS}) }} p::before {{ content: url(file:///etc/passwd) }} /*",
    "object": f'<object data="{ADDRESS}"></object><embed src="{ADDRESS}"><iframe src="{ADDRESS}"></iframe>',
    "base": f'<base href="{ADDRESS}"><meta http-equiv="refresh" content="0;url={ADDRESS}">',
    "svg": f'<svg><use href="{ADDRESS}/x#y"/><image href="file:///etc/passwd"/><foreignObject/></svg><!--',
    "template": "{% include 'x' %}{{ settings.SECRET_KEY }}{# #}",
    "long word": "ă" * 20_000,
    "long address": "https://" + "a/" * 5_000,
    "emoji": "Đạt 👍🏽👨‍👩‍👧‍👦🇻🇳 " * 200,
    "right to left": "\u202e\u2067\u200f" + "abc عربي עברית " * 100,
    "combining": "a" + "\u0301" * 2_000,
    "control": "".join(chr(code) for code in range(1, 32)) + "\x7f\u0085\u2028\ufeff",
    "entities": "&#x3c;script&#x3e; &amp;nbsp; &unknown; &#0; &#xD800;",
}


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Every address that the renderer is asked for, allowed or not."""
    addresses: list[str] = []
    fetch = drawing.FontsOnly.fetch

    def told(self, url, headers=None):
        addresses.append(url)
        return fetch(self, url, headers)

    monkeypatch.setattr(drawing.FontsOnly, "fetch", told)
    return addresses


def written(review: Review, text: str) -> dict:
    """The document with the text wherever people write."""
    bodies = {one.pk: (text[:250], text) for one in review.sections.all()}
    header = dict.fromkeys(("opening", "closing", "place", "superior", "issuer", "chaired"), text[:500])
    signer, line = {"lines": [text[:80]], "name": text[:80]}, text[:200]
    actions.edit(
        review, by=None, at=NOW, bodies=bodies, title=text[:200], header=header, signer=signer, recipients=[line],
        tasks=[actions.TaskText(text)],
    )  # fmt: skip
    return document.build(Review.objects.get(pk=review.pk), demo=True)


@pytest.mark.parametrize("name", TEXTS)
def test_it_is_drawn_and_nothing_is_asked_for(review, asked, name):
    doc = written(review, TEXTS[name])
    # In this process, so that the fetcher can be listened to; the same bytes as the child's (test_drawing).
    content = drawing.draw(pdf._job(printed.view(doc), None, NOW))
    fonts = {path.as_uri() for path in settings.PRINT_FONTS.glob("*.ttf")}
    assert set(asked) <= fonts
    reader = PdfReader(BytesIO(content))
    assert not reader.attachments
    assert not [one for page in reader.pages for one in page.get("/Annots", [])]
    fonts_used = {str(font["/BaseFont"]) for page in reader.pages for font in _fonts(page)}
    assert fonts_used and all("Tinos" in one for one in fonts_used)


def _fonts(page) -> list:
    return [one.get_object() for one in page["/Resources"]["/Font"].values()]


def test_markup_is_printed_as_it_was_typed(review, asked):
    content = drawing.draw(pdf._job(printed.view(written(review, TEXTS["html"])), None, NOW))
    text = " ".join(pdf.text(content).split())
    assert '<img src="file:///etc/passwd">' in text and "{% now 'Y' %}" in text


def test_200_kb_of_narrative_draw_within_their_limits(review, monkeypatch):
    words = (
        "Công tác cải cách hành chính được thực hiện theo kế hoạch, đạt 48,2% và 463 hồ sơ. " * 9 + "\n\n"
    ) * 230
    assert 200_000 < len(words.encode()) < 250_000
    section = review.sections.first()
    actions.edit(review, by=None, at=NOW, bodies={section.pk: ("I. Dài", words)})
    review.refresh_from_db()
    doc = document.build(review, demo=True)
    assert copies.LONG <= printed.expected_pages(doc) < 200
    told: list[int] = []
    began = time.monotonic()
    content = copies.draft(review, demo=True, following=told.append)
    assert len(PdfReader(BytesIO(content)).pages) > 50 and max(told) > 50
    assert time.monotonic() - began < 120
