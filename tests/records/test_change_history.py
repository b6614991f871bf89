"""Changes since the last sending, and the history of a cell whichever way it changed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.periods import Month
from ledger.models import Entry
from records.approval import actions as approval_actions
from records.approval.queries import waiting_editions
from records.bulk_import.counts import import_counts
from records.bulk_import.validation import DRAFT
from records.change_history import resent_changes
from records.models import Edition
from records.submissions import actions as submissions_actions
from records.submissions.fetch import with_own_mark

from .conftest import AT, JULY, balanced, entered, unlocked

pytestmark = pytest.mark.django_db
MARKED = ["ho-tich-opening", "ho-tich-awaiting"]


def changed(edition: Edition, fields, by, **values) -> Edition:
    key = (fields.ho_tich.pk, None)
    return submissions_actions.save_counts(edition, {key: values}, by=by, revision=edition.revision, at=AT)


@pytest.fixture
def again(people, fields, sent):
    """Alpha's July, returned with two marked cells and sent again after one of them was changed."""
    edition = approval_actions.return_edition(
        sent.editions.get(), reason="Đối chiếu sổ", marked_cells=MARKED, by=people.reviewer, at=AT
    )
    edition = changed(edition, fields, people.clerk, opening=3, withdrawn=1)
    edition = changed(edition, fields, people.clerk, withdrawn=3, pending_late=1)
    edition = changed(edition, fields, people.clerk, pending_late=0)
    submissions_actions.send_edition(edition, by=people.clerk, at=AT)
    return sent


def test_the_first_sending_changed_nothing(sent):
    assert resent_changes(sent.editions.all()) == {}


def test_the_net_changes_since_the_return(people, again):
    [resent] = resent_changes(again.editions.all()).values()
    assert {name: (change.before, change.after, change.by) for name, change in resent.changes.items()} == {
        "ho-tich-opening": (0, 3, str(people.clerk)),
        "ho-tich-withdrawn": (0, 3, str(people.clerk)),
    }
    assert (resent.left, resent.reason) == (["ho-tich-awaiting"], "Đối chiếu sổ")


def test_the_reviewer_reads_them_on_the_page_and_in_the_work_list(as_, again):
    text = as_("reviewer").get(f"/records/{again.pk}/").content.decode()
    assert "2 ô đổi từ lần gửi trước" in text and "Đã sửa 1/2 ô được đánh dấu khi trả lại." in text
    assert f'href="/records/{again.pk}/history/?o=ho-tich-opening">ho-tich: Kỳ trước chuyển sang</a>' in text
    assert "Chưa đổi" in text
    work = as_("reviewer").get("/records/")
    text = work.content.decode()
    assert "2 ô đổi từ lần gửi trước" in text and "1 ô đã đánh dấu khi trả lại vẫn giữ số cũ." in text
    assert not work.context["waiting"][0].clean


def test_taking_back_and_a_correction_count_as_sent_before(people, fields, sent):
    edition = submissions_actions.recall_edition(sent.editions.get(), by=people.clerk, at=AT)
    edition = changed(edition, fields, people.clerk, opening=1, withdrawn=1)
    edition = submissions_actions.send_edition(edition, by=people.clerk, at=AT)
    assert list(resent_changes([edition])[edition.pk].changes) == ["ho-tich-opening", "ho-tich-withdrawn"]
    approval_actions.approve_edition(edition, by=people.reviewer, at=AT)
    edition = changed(unlocked(sent, by=people.reviewer), fields, people.clerk, opening=2, withdrawn=2)
    edition = submissions_actions.send_edition(edition, by=people.clerk, at=AT)
    [resent] = resent_changes([edition]).values()
    assert {name: (change.before, change.after) for name, change in resent.changes.items()} == {
        "ho-tich-opening": (1, 2),
        "ho-tich-withdrawn": (1, 2),
    }


def test_the_number_of_queries_does_not_follow_what_was_sent_again(people, fields):
    counts = []
    for unit in (people.alpha, people.beta):
        edition = entered(unit, JULY, {(fields.ho_tich.pk, None): balanced(9)}, by=None, upto="sent")
        edition = approval_actions.return_edition(edition, reason="Xem", by=people.reviewer, at=AT)
        submissions_actions.send_edition(
            changed(edition, fields, None, opening=2, withdrawn=2), by=None, at=AT
        )
        with CaptureQueriesContext(connection) as caught:
            editions = with_own_mark(Edition.objects.select_related("submission__unit"), people.reviewer)
            assert all(waiting_edition.resent.changes for waiting_edition in waiting_editions(editions))
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_a_file_that_corrects_a_month_names_its_cells(as_, people, again):
    text = b"unit,month,field,opening,received_direct\n13441,2022-M07,ho-tich,5,7\n"
    report = import_counts(text, "sua.csv", at=AT, becomes=DRAFT)
    assert not report.errors
    entry = Entry.objects.filter(subject=again.subject, action="submission.save").last()
    assert (entry.detail["way"], entry.detail["file"]) == ("file", "sua.csv")
    assert entry.detail["cells"]["ho-tich"]["opening"] == [3, 5]
    page = as_("leader").get(f"/records/{again.pk}/history/?o=ho-tich-opening")
    assert [(act.way, act.changes[0].before, act.changes[0].after) for act in page.context["acts"]] == [
        ("từ tệp", "3", "5"),
        ("trên trang", "0", "3"),
        ("trên trang", "—", "0"),
    ]


def test_what_a_file_wrote_first_is_found_behind_later_changes(as_, people, fields):
    text = b"unit,month,field,opening,received_direct,reason\n13441,2022-M07,ho-tich,5,7,So moi\n"
    import_counts(text, "thang-7.csv", at=AT, becomes=DRAFT)
    edition = Edition.objects.get(submission__unit=people.alpha)
    changed(edition, fields, people.clerk, opening=6)
    page = as_("leader").get(f"/records/{edition.submission_id}/history/?o=ho-tich-opening")
    assert [(act.way, act.changes[0].before, act.changes[0].after) for act in page.context["acts"]] == [
        ("trên trang", "5", "6"),
        ("từ tệp", "—", "5"),
    ]
    text = page.content.decode()
    assert "Lịch sử ô ho-tich: Kỳ trước chuyển sang" in text and "Tệp thang-7.csv" in text
    whole = as_("leader").get(f"/records/{edition.submission_id}/history/").content.decode()
    assert "3 thay đổi" in whole and "“So moi”" in whole


def test_numbers_without_a_log_entry_come_first(as_, people, fields):
    text = b"unit,month,field,opening,received_direct\n13441,2022-M07,ho-tich,5,7\n"
    import_counts(text, "thang-7.csv", at=AT, becomes=DRAFT)
    Edition.objects.update(saved_by="Bà Hai")
    edition = Edition.objects.get()
    cell = f"/records/{edition.submission_id}/history/?o=ho-tich-opening"
    text = as_("leader").get(cell).content.decode()
    assert "Số ban đầu" in text and "Bà Hai" in text and "— → <b>5</b>" in text
    changed(edition, fields, people.clerk, opening=6)
    text = as_("leader").get(cell).content.decode()
    assert "5 → <b>6</b>" in text and "— → <b>5</b>" in text and "Bà Hai" not in text


@pytest.mark.parametrize("cell", ["x", "ho-tich-opening", "<script>", "-", "/", "ho-tich-reason" + "x" * 500])
def test_a_cell_without_changes_says_so(as_, july, cell):
    answer = as_("clerk").get(f"/records/{july.pk}/history/", {"o": cell})
    assert answer.status_code == 200 and "chưa có thay đổi nào" in answer.content.decode()
    assert "<script>" not in answer.content.decode().split("<h1>")[1]


def test_the_dashboard_leads_to_the_log(as_, people, fields):
    edition = entered(people.alpha, Month(2022, 6), {(fields.ho_tich.pk, None): balanced(9)}, by=people.clerk)
    leader, month = as_("leader"), f"/records/{edition.submission_id}/"
    for field in ("", "ho-tich"):
        query = {"unit": "13441", "period": "2022-M06", "field": field}
        assert f'href="{month}"' in leader.get("/", query).content.decode(), field
    assert f'href="{month}history/?o=ho-tich-received_direct"' in leader.get(month).content.decode()


def test_every_number_of_an_approved_month_leads_to_its_history(as_, people, fields):
    edition = entered(people.alpha, Month(2022, 6), {(fields.ho_tich.pk, None): balanced(9)}, by=people.clerk)
    text = as_("leader").get(f"/records/{edition.submission_id}/").content.decode()
    address = f"/records/{edition.submission_id}/history/?o=ho-tich-received_direct"
    assert f'href="{address}"' in text
    assert "— → <b>9</b>" in as_("leader").get(address).content.decode()
