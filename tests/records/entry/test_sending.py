"""The check page before sending: what it shows, what blocks sending, and that there is no other way."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.entry import sending
from records.entry.views import save_grid
from records.models import Field, FieldScope, State
from records.submissions import actions
from tests.records.conftest import AT, JULY, SINCE, balanced, cells, entered, posted, stored
from tests.support.page_text import shows
from units.models import Tier

pytestmark = pytest.mark.django_db
LEFT = {**balanced(9), "resolved_on_time": 4, "pending_in_time": 3, "awaiting": 2}


@pytest.fixture
def after_june(people, fields):
    """Alpha's empty July after a June that left 5 open in `ho-tich`."""
    entered(people.alpha, JULY.previous(), {(fields.ho_tich.pk, None): LEFT}, by=people.clerk)
    return actions.open_submission(people.alpha, JULY, by=people.clerk, at=AT)


def row(page, code: str):
    return next(row for row in page.context["rows"] if row.line.code == code)


def test_clean_data_is_sent_in_two_steps(as_, july):
    clerk = as_("clerk")
    grid = posted(july, **cells("ho-tich", balanced(3)), **cells("chung-thuc", balanced(5, postal=None)))
    first = clerk.post(f"/records/{july.pk}/check/", grid)
    assert (first.status_code, first.headers["Location"]) == (302, f"/records/{july.pk}/check/")
    page = clerk.get(first.headers["Location"])
    text = page.content.decode()
    assert "Không có lỗi, có thể gửi" in text and "autofocus>Gửi báo cáo</button>" in text
    assert july.editions.get().state == State.DRAFT
    assert clerk.post(f"/records/{july.pk}/send/", posted(july)).status_code == 302
    assert july.editions.get().state == State.SENT


def test_the_month_stands_beside_the_last(as_, after_june):
    now = {**balanced(9), "opening": 5, "resolved_on_time": 14}
    as_("clerk").post(f"/records/{after_june.pk}/save/", posted(after_june, **cells("ho-tich", now)))
    page = as_("clerk").get(f"/records/{after_june.pk}/check/")
    assert [(cell.now, cell.before, cell.change) for cell in row(page, "ho-tich").compared] == [
        (9, 9, 0),
        (14, 4, 10),
        (0, 3, -3),
    ]
    text = page.content.decode()
    assert "+10" in text and "−3" in text and "So với tháng 6/2022" in text
    assert [total.before for total in page.context["totals"]] == [9, 4, 3]
    assert [cell.change for cell in row(page, "chung-thuc").compared] == [None] * 3


def test_blanks_are_named_and_lead_to_their_cells(as_, july, fields):
    grid = posted(july, **cells("ho-tich", {**balanced(3), "awaiting": None}))
    page = as_("clerk").post(f"/records/{july.pk}/check/", grid, follow=True)
    [blank] = row(page, "ho-tich").blanks
    assert (blank.name, blank.anchor) == ("Chờ bổ sung", f"o-{fields.ho_tich.pk}-0-awaiting")
    assert f'id="{blank.anchor}"' in as_("clerk").get(f"/records/{july.pk}/").content.decode()
    assert as_("clerk").post(f"/records/{july.pk}/send/", posted(july)).status_code == 302


def test_an_error_blocks_and_says_where(as_, july):
    grid = posted(july, **cells("ho-tich", {**balanced(3), "pending_late": 3}))
    page = as_("clerk").post(f"/records/{july.pk}/check/", grid, follow=True)
    text = page.content.decode()
    assert "Chưa gửi được: còn 1 lỗi cần sửa" in text and "Gửi báo cáo</button>" not in text
    assert "lệch 3 hồ sơ" in text and f'href="/records/{july.pk}/#dong-1">ho-tich</a>' in text
    answer = as_("clerk").post(f"/records/{july.pk}/send/", posted(july))
    assert answer.status_code == 400 and "Báo cáo còn lỗi nên chưa gửi được." in answer.content.decode()
    assert july.editions.get().state == State.DRAFT and stored(july, "ho-tich").pending_late == 3


def test_what_a_colleague_saves_between_storing_and_sending_is_not_sent_unseen(
    as_, july, people, monkeypatch
):
    stored_first = save_grid

    def then_a_colleague(*arguments):
        result = stored_first(*arguments)
        edition = july.editions.get()
        row = {
            (Field.objects.get(code="ho-tich").pk, None): {
                "withdrawn": 0,
                "awaiting": 9,
                "resolved_on_time": 0,
            }
        }
        actions.save_counts(edition, row, by=people.clerk, revision=edition.revision, at=AT)
        return result

    monkeypatch.setattr(sending, "save_grid", then_a_colleague)
    answer = as_("clerk").post(f"/records/{july.pk}/send/", posted(july, **cells("ho-tich", balanced(9))))
    assert answer.status_code == 409 and july.editions.get().state == State.DRAFT


def test_a_month_without_any_number_is_not_sent(as_, july):
    page = as_("clerk").get(f"/records/{july.pk}/check/")
    assert "còn 1 lỗi cần sửa" in page.content.decode() and page.context["general"]


def test_a_changed_opening_is_sent_only_with_a_reason(as_, after_june):
    clerk, submission = as_("clerk"), after_june
    grid = posted(submission, **cells("ho-tich", {**balanced(9), "opening": 7, "resolved_on_time": 16}))
    page = clerk.post(f"/records/{submission.pk}/check/", grid, follow=True)
    text = page.content.decode()
    assert shows(text, "Kỳ trước chuyển sang 7") and shows(
        text, 'name="ho-tich-reason" rows="2" maxlength="2000" required'
    )
    bare = clerk.post(f"/records/{submission.pk}/send/", posted(submission))
    assert bare.status_code == 400 and "Ghi lý do cho số kỳ trước chuyển sang" in bare.content.decode()
    answer = clerk.post(
        f"/records/{submission.pk}/check/", posted(submission, **{"ho-tich-reason": "Đối chiếu lại sổ"})
    )
    assert answer.status_code == 302 and stored(submission, "ho-tich").reason == "Đối chiếu lại sổ"
    assert submission.editions.get().state == State.DRAFT
    assert clerk.post(f"/records/{submission.pk}/send/", posted(submission)).status_code == 302
    assert submission.editions.get().state == State.SENT


def test_the_whole_grid_can_be_sent_in_one_request(as_, july):
    grid = posted(july, **cells("ho-tich", {**balanced(3), "awaiting": None}))
    assert as_("clerk").post(f"/records/{july.pk}/send/", grid).status_code == 302
    assert july.editions.get().state == State.SENT


def test_what_cannot_be_read_leads_back_to_its_box(as_, july):
    answer = as_("clerk").post(f"/records/{july.pk}/check/", posted(july, **{"ho-tich-opening": "12,5"}))
    text = answer.content.decode()
    assert answer.status_code == 400 and 'value="12,5"' in text and 'aria-invalid="true"' in text


def test_what_a_colleague_saved_meanwhile_is_looked_at_again_with_the_reason_typed(as_, after_june):
    clerk, submission = as_("clerk"), after_june
    grid = cells("ho-tich", {**balanced(9), "opening": 7, "resolved_on_time": 16})
    clerk.post(f"/records/{submission.pk}/check/", posted(submission, **grid))
    old = posted(submission, **{"ho-tich-reason": "Đối chiếu lại sổ"})
    clerk.post(f"/records/{submission.pk}/save/", posted(submission, **{"ho-tich-withdrawn": "1"}))
    answer = clerk.post(f"/records/{submission.pk}/send/", old)
    text = answer.content.decode()
    assert answer.status_code == 409 and ">Đối chiếu lại sổ</textarea>" in text
    assert "vừa lưu báo cáo này" in text and 'name="revision" value="2"' in text
    assert submission.editions.get().state == State.DRAFT


def test_too_long_a_reason_is_refused_here(as_, after_june):
    submission = after_june
    long = posted(submission, **{"ho-tich-reason": "a" * 2001})
    answer = as_("clerk").post(f"/records/{submission.pk}/check/", long)
    assert answer.status_code == 400 and "Lý do tối đa 2.000 ký tự." in answer.content.decode()
    assert shows(answer.content.decode(), "<h1>Chưa gửi được")


def test_what_was_sent_leads_to_the_report(as_, sent):
    answer = as_("clerk").get(f"/records/{sent.pk}/check/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/records/{sent.pk}/")
    assert as_("clerk").post(f"/records/{sent.pk}/send/", posted(sent)).status_code == 409
    assert as_("viewer").get(f"/records/{sent.pk}/check/").status_code == 403
    assert as_("outsider").get(f"/records/{sent.pk}/check/").status_code == 404


def test_the_number_of_queries_does_not_follow_the_fields(as_, july):
    clerk, counted = as_("clerk"), []
    for added in (0, 5):
        for number in range(added):
            field = Field.objects.create(code=f"f{number}", name=f"f{number}", order=9)
            FieldScope.objects.create(field=field, tier=Tier.COMMUNE, valid_from=SINCE)
            fresh = cells(f"f{number}", balanced(number))
            clerk.post(f"/records/{july.pk}/save/", posted(july, **fresh))
        clerk.get(f"/records/{july.pk}/check/")  # the session is written, the catalogue cached
        with CaptureQueriesContext(connection) as queries:
            assert clerk.get(f"/records/{july.pk}/check/").status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1] < 20
