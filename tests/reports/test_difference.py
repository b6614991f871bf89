"""The difference between two frozen reviews: its words, its figures and its reasons."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from records.approval import actions as approval_actions
from records.locking import actions as locking_actions
from records.models import Submission
from records.submissions import actions as submissions_actions
from reports import freezing
from reports.difference import TextPiece, changed_figures, changed_sections, changed_words
from reports.drafting import actions as drafting_actions
from reports.models import Review
from reports.pdf.review_pdf import pdf_text
from reports.review_text.facts import Fact
from tests.support.loaded_demo import NOW


def fact(text: str, value=None, name: str = "Tiếp nhận") -> Fact:
    return Fact(text, value, name, "")


def test_each_changed_figure_is_listed_once_with_its_difference():
    old = {
        "now.commune.received": fact("14.712", 14712),
        "now.commune.share.direct": fact("87,4%", "87.4"),
        "change.commune.received": fact("tăng 5 hồ sơ", "tăng 5 hồ sơ"),
        "unit.1.received": fact("5", 5),
        "unit.2.received": fact("—", None),
        "same": fact("1", 1),
    }
    new = {
        "now.commune.received": fact("14.719", 14719),
        "now.commune.share.direct": fact("87,0%", "87.0"),
        "change.commune.received": fact("tăng 12 hồ sơ", "tăng 12 hồ sơ"),
        "unit.2.received": fact("1.000", 1000),
        "same": fact("1", 1),
    }
    told = [(one.key, one.old, one.new, one.by) for one in changed_figures(old, new)]
    assert told == [
        ("now.commune.received", "14.712", "14.719", "+7"),
        ("now.commune.share.direct", "87,4%", "87,0%", "giảm 0,4 điểm phần trăm"),
        ("unit.2.received", "—", "1.000", ""),
        ("unit.1.received", "5", "—", ""),
    ]


def test_words_that_end_in_a_share_have_no_gap():
    old = {"best": fact("xã A 12,5%", "xã A"), "of": fact("96/96, 100%", "96/96")}
    new = {"best": fact("xã B 13,0%", "xã B"), "of": fact("95/96, 99%", "95/96")}
    assert [one.by for one in changed_figures(old, new)] == ["", ""]


def test_falls_have_a_minus():
    assert changed_figures({"x": fact("14.719", 14719)}, {"x": fact("14.712", 14712)})[0].by == "−7"


def test_sections_list_what_was_changed_added_and_removed():
    old = [
        ("a", "Một", ["Tiếp nhận 5 hồ sơ.", "Giữ nguyên."]),
        ("b", "Hai", ["Bỏ đi."]),
        ("c", "Ba", ["Như cũ."]),
    ]
    new = [
        ("a", "Một", ["Tiếp nhận 7 hồ sơ.", "Giữ nguyên.", "Thêm."]),
        ("c", "Ba mới", ["Như cũ."]),
        ("d", "Bốn", ["X"]),
    ]
    parts = changed_sections(old, new)
    assert [part.heading for part in parts] == ["Một", "Ba mới", "Bốn", "Hai"]
    assert parts[0].paragraphs == [
        [
            TextPiece("same", "Tiếp nhận"),
            TextPiece("gone", "5"),
            TextPiece("new", "7"),
            TextPiece("same", "hồ sơ."),
        ],
        [TextPiece("new", "Thêm.")],
    ]
    assert parts[1].paragraphs == [[TextPiece("same", "Ba"), TextPiece("new", "mới")]]
    assert parts[3].paragraphs == [[TextPiece("gone", "Hai")], [TextPiece("gone", "Bỏ đi.")]]


texts = st.lists(st.text("ab ", max_size=6), max_size=5)


@given(texts, texts)
def test_both_sides_can_be_restored(old, new):
    for before, after in zip(old, new, strict=False):
        pieces = changed_words(before, after)
        assert " ".join(piece.text for piece in pieces if piece.kind != "new") == before or not before
        assert " ".join(piece.text for piece in pieces if piece.kind != "gone") == after or not after


@given(texts)
def test_equal_texts_have_no_difference(paragraphs):
    assert changed_sections([("a", "A", paragraphs)], [("a", "A", paragraphs)]) == []


pytestmark = pytest.mark.usefixtures("drawn_once")


def closed(review: Review) -> Review:
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    return Review.objects.get(pk=review.pk)


def correct(review: Review) -> None:
    """A commune finds seven dossiers more: asks, is let, corrects, sends, is approved."""
    clerk, reviewer = User.objects.get(username="xa-13474"), User.objects.get(username="tonghop")
    month = Submission.objects.get(unit__code="13474", month=202206)
    asked = locking_actions.request_unlock(month, reason="Sót sổ tiếp nhận tuần 2", by=clerk, at=NOW)
    locking_actions.decide_unlock_request(asked, grant=True, by=reviewer, at=NOW)
    edition = month.editions.order_by("-number").first()
    row = edition.counts.filter(received_direct__gt=0, procedure=None).order_by("field__code").first()
    cells = {"received_direct": row.received_direct + 7, "resolved_on_time": row.resolved_on_time + 7}
    submissions_actions.save_counts(
        edition, {(row.field_id, None): cells}, by=clerk, revision=edition.revision, at=NOW
    )
    edition.refresh_from_db()
    submissions_actions.send_edition(edition, by=clerk, at=NOW)
    edition.refresh_from_db()
    approval_actions.approve_edition(edition, by=reviewer, at=NOW)


@pytest.fixture
def both(review) -> tuple[Review, Review]:
    """The issued review, and the issued one that replaces it after a correction and with other words."""
    old = closed(review)
    old = freezing.record_issue(old, "215/BC-UBND", NOW.date(), by=None, at=NOW)
    correct(old)
    new = drafting_actions.replace_review(old, by=None, at=NOW)
    section = (
        new.sections.get(key=old.sections.first().key) if old.sections.first().key else new.sections.first()
    )
    body = "Câu viết thêm khi thay thế." + ("\n\n" + section.body if section.body else "")
    drafting_actions.edit_draft(new, by=None, at=NOW, bodies={section.pk: (section.heading, body)})
    new = closed(new)
    return old, freezing.record_issue(new, "300/BC-UBND", NOW.date() + timedelta(1), by=None, at=NOW)


def test_the_replacement_names_on_page_and_pdf_what_it_replaces(signed_in, both):
    old, new = both
    words = "Thay thế Báo cáo số 215/BC-UBND ngày 12/8/2022"
    client = signed_in("tonghop")
    assert words in client.get(f"/reports/reviews/{new.pk}/").content.decode()
    assert new.frozen["header"]["replaces"] == words
    text = " ".join(pdf_text(client.get(f"/reports/reviews/{new.pk}.pdf").content).split())
    assert f"({words})" in text
    told = client.get(f"/reports/reviews/{old.pk}/").content.decode()
    assert "đã được thay thế bằng" in told and "Báo cáo số 300/BC-UBND ngày 13/8/2022" in told
    assert "replaces" not in old.frozen["header"]


def test_figures_words_and_reasons(signed_in, both):
    old, new = both
    client = signed_in("tonghop")
    text = client.get(f"/reports/reviews/{new.pk}/difference/").content.decode()
    assert f"?with={old.pk}" in text
    for words in (
        "Báo cáo số 215/BC-UBND ngày 12/8/2022", "Báo cáo số 300/BC-UBND ngày 13/8/2022", "Cấp xã", "14.712", "14.719",
        "+7", "Câu viết thêm khi thay thế.", "Sót sổ tiếp nhận tuần 2", "Đề nghị mở khóa", "Sửa số liệu", "Duyệt",
        "thị trấn Tân Thanh, tháng 6/2022",
    ):  # fmt: skip
        assert words in text, words
    assert "<ins>" in text
    again = client.get(f"/reports/reviews/{old.pk}/difference/?with={new.pk}").content.decode()
    assert "14.719" in again and again.index("14.712</span>") < again.index(">14.719<")


def test_as_csv(signed_in, both):
    old, new = both
    answer = signed_in("tonghop").get(f"/reports/reviews/{new.pk}/difference.csv?with={old.pk}")
    assert answer.headers["Content-Type"].startswith("text/csv") and answer.content.startswith(
        b"\xef\xbb\xbf"
    )
    lines = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0][3].endswith("huyện Thanh Liêm, 6 tháng đầu năm 2022") and "300/BC-UBND" in lines[0][4]
    kinds = [line[0] for line in lines[1:]]
    assert set(kinds) == {"Số liệu", "Lời văn", "Nhật ký"}
    assert ["Cấp xã", "14.712", "14.719", "'+7"] in [[line[1], *line[3:6]] for line in lines]
    assert any("Sót sổ" in line[8] for line in lines)


def test_which_reviews_can_be_compared(signed_in, both, review):
    old, new = both
    client = signed_in("tonghop")
    for other in ("x", "0", str(new.pk), "99999", "9" * 30):
        assert client.get(f"/reports/reviews/{new.pk}/difference/?with={other}").status_code == 404
        assert client.get(f"/reports/reviews/{new.pk}/difference.csv?with={other}").status_code == 404
    assert (
        signed_in("xa-13474").get(f"/reports/reviews/{new.pk}/difference/?with={old.pk}").status_code == 404
    )


def test_a_draft_or_a_single_review_has_no_difference(signed_in, review):
    client = signed_in("tonghop")
    for _ in range(2):
        assert (
            "Chưa có báo cáo khác để so"
            in client.get(f"/reports/reviews/{review.pk}/difference/").content.decode()
        )
        assert client.get(f"/reports/reviews/{review.pk}/difference.csv").status_code == 409
        if not review.is_frozen:
            review = closed(review)


def test_queries_do_not_grow_with_the_difference(signed_in, both):
    old, new = both
    client = signed_in("tonghop")
    address = f"/reports/reviews/{new.pk}/difference/?with="
    client.get(address + str(old.pk))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get(address + str(old.pk))
    assert len(asked) <= 20, [one["sql"][:90] for one in asked]
