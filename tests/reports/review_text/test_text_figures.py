"""Figures in the text: bound, stale, typed by hand; accepted with one click, and logged."""

import time

import pytest

from ledger.models import Entry
from records.models import DossierCount, Edition
from records.stored_sums import recount
from reports import document, review_access
from reports.drafting import actions
from reports.freezing import before_signing
from reports.models import Review
from reports.printing import print_view
from reports.review_text import bound_text, text_figures
from tests.reports.reviews.test_views import address
from tests.support.loaded_demo import NOW

TYPED = (
    "Cấp huyện tiếp nhận trực tiếp 463 hồ sơ, cấp xã trực tiếp 14.721 hồ sơ. Có 3 lớp (Kế hoạch 12/KH-UBND)."
)


def write(review: Review, body: str, order: int = 2) -> dict:
    section = review.sections.get(order=order)
    actions.edit_draft(review, by=None, at=NOW, bodies={section.pk: (section.heading, body)})
    return document.build_document(review, demo=True)


def seven_more(review: Review) -> dict:
    """Tân Thanh received seven dossiers more in June."""
    edition = Edition.objects.get(submission__unit__code="13474", submission__month=202206, state="approved")
    row = DossierCount.objects.filter(edition=edition, received_direct__gt=0).first()
    DossierCount.objects.filter(pk=row.pk).update(received_direct=row.received_direct + 7)
    recount.recount_sums()
    return document.build_document(review, demo=True)


def accept(review: Review, *names: str, version: str | None = None) -> None:
    actions.accept_figures(review, names, by=None, at=NOW, demo=True, version=version)


def test_a_new_text_has_no_figure_to_see_to(review):
    now = text_figures.text_figures(document.build_document(review, demo=True))
    assert now.stale == now.lost == now.looks_like == now.unsourced == ()
    every = [
        figure
        for section in now.sections
        for part in section
        for sentence in part
        for figure in sentence.figures
    ]
    assert {marked.state for marked in every} == {"", "bound"}


def test_typed_numbers_are_known_differ_or_have_no_source(review):
    doc = write(review, TYPED)
    now = text_figures.text_figures(doc)
    assert [(typed.figure.text, typed.figure.key) for typed in now.same] == [
        ("463", "now.district.received_direct")
    ]
    (like,) = now.looks_like
    assert (like.figure.text, like.figure.new) == ("14.721", "14.712")
    assert like.figure.name.startswith("Tiếp nhận trực tiếp, cấp xã") and like.where.startswith("1. Công tác")
    assert [typed.figure.text for typed in now.unsourced] == ["3"]
    runs = print_view.print_context(doc)["sections"][1]["paragraphs"][0]
    assert "".join(run.text for run in runs) == TYPED
    assert [run.text for run in runs if run.state == "unsourced"] == ["3"]
    warnings = before_signing(review, doc, NOW.date())
    assert any("14.721 (số liệu: 14.712;" in warning for warning in warnings)
    assert any(warning.startswith("Số chưa có nguồn: 3 (1. Công tác") for warning in warnings)


def test_numbers_beside_the_sections_are_seen(review):
    header = review.header | {"closing": "Trên đây là kết quả, đạt 99%."}
    changed = actions.edit_draft(review, by=None, at=NOW, header=header)
    (typed,) = text_figures.text_figures(document.build_document(changed, demo=True)).unsourced
    assert (typed.figure.text, typed.where, typed.section, typed.name) == ("99%", "Câu kết thúc", 0, "")


def test_a_stale_sentence_has_old_and_new_and_is_accepted(review):
    doc = seven_more(review)
    now = text_figures.text_figures(doc)
    first = now.stale[0]
    changes = {figure.key: (figure.text, figure.new) for sentence in now.stale for figure in sentence.stale}
    assert changes["now.commune.received_direct"] == ("14.712", "14.719")
    assert any("câu mang số cũ" in warning for warning in before_signing(review, doc, NOW.date()))
    accept(review, first.name)
    after = text_figures.text_figures(document.build_document(review, demo=True))
    assert len(after.stale) == len(now.stale) - 1
    text = "".join(
        figure.new if figure.state == text_figures.STALE else figure.text for figure in first.figures
    )
    sections = text_figures.sentences_by_section(document.build_document(review, demo=True))
    assert text in [sentence.text for section in sections for paragraph in section for sentence in paragraph]
    entry = Entry.objects.filter(action="review.accept").latest("sequence")
    assert entry.detail["figures"][0]["old"] == first.stale[0].text
    for section in {sentence.section for sentence in after.stale}:
        accept(review, str(section))
    accepted = document.build_document(review, demo=True)
    assert text_figures.text_figures(accepted).stale == ()
    with pytest.raises(review_access.ReviewError):
        accept(review, "all")


def test_accepting_changes_nothing_else(review):
    before = [section.body for section in review.sections.all()]
    seven_more(review)
    accept(review, "all")
    changed = [
        (old, new.body) for old, new in zip(before, review.sections.all(), strict=True) if old != new.body
    ]
    assert changed and all(
        bound_text.fact_keys(bound_text.parse_paragraphs(old))
        == bound_text.fact_keys(bound_text.parse_paragraphs(new))
        for old, new in changed
    )


def test_a_typed_number_gets_its_source(review):
    now = text_figures.text_figures(write(review, TYPED))
    accept(review, *(f"={typed.name}" for typed in (*now.same, *now.looks_like)))
    body = review.sections.get(order=2).body
    assert body == TYPED.replace("463", "[[now.district.received_direct|463]]").replace(
        "14.721", "[[now.commune.received_direct|14.712]]"
    )


def test_a_fact_that_no_longer_exists_is_reported(review):
    doc = write(review, "Xã cũ nhận [[unit.99999.received|12]] hồ sơ.")
    (lost,) = text_figures.text_figures(doc).lost
    assert (lost.figure.text, lost.section) == ("12", 2)
    assert any("không còn nguồn: 12" in warning for warning in before_signing(review, doc, NOW.date()))
    with pytest.raises(review_access.ReviewError):
        accept(review, "2")
    assert "[[unit.99999.received|12]]" in review.sections.get(order=2).body


def test_one_click_on_the_page(signed_in, review):
    seven_more(review)
    editor = signed_in("tonghop")
    version = editor.get(address(review)).context["version"]
    other = {"version": "0" * 16, "accept": "all"}
    refused = editor.post(address(review, "figures/"), other)
    assert refused.status_code == 409 and "vừa thay đổi" in refused.content.decode()
    answer = editor.post(address(review, "figures/"), {"version": version, "accept": ["all", "x" * 999, "="]})
    assert answer.status_code == 302
    assert text_figures.text_figures(document.build_document(review, demo=True)).stale == ()
    assert Entry.objects.filter(action="review.accept").latest("sequence").actor.startswith("tonghop")
    again = editor.get(address(review)).context["version"]
    nothing = editor.post(address(review, "figures/"), {"version": again, "accept": "all"})
    assert nothing.status_code == 409 and "Không còn số nào" in nothing.content.decode()
    assert signed_in("lanhdao").post(address(review, "figures/"), other).status_code == 403
    assert signed_in("xa-13474").post(address(review, "figures/"), other).status_code == 404


def test_a_text_of_nothing_but_numbers_is_read_in_time(review):
    """200 KB of different numbers: each is marked, only the first are matched with facts."""
    body = " ".join(f"{n},{n % 10}%" for n in range(1200))[:9_900]
    for section in review.sections.all():
        actions.edit_draft(review, by=None, at=NOW, bodies={section.pk: (section.heading, body)})
    begun = time.process_time()
    doc = document.build_document(review, demo=True)
    assert len(doc["typed"]) > 10_000 and time.process_time() - begun < 20
    assert doc["typed"][-1]["state"] == "unsourced"


def test_one_paragraph_of_numbers_and_figures_is_marked_in_time(review):
    """200 KB in one paragraph: the time grows with its length, not with its square."""
    section = review.sections.get(order=2)
    key = "now.commune.received_direct"
    actions.edit_draft(
        review,
        by=None,
        at=NOW,
        bodies={section.pk: (section.heading, f"5 hồ sơ [[{key}|14.712]], " * 11_000)},
    )
    doc = document.build_document(review, demo=True)
    begun = time.process_time()
    assert len(text_figures.text_figures(doc).unsourced) > 10_000 and time.process_time() - begun < 10
