"""A new unit's opening is proposed from the closings of predecessors that it succeeds wholly."""

from datetime import date
from fractions import Fraction

import pytest

from accounts.models import User
from figures import count_rules
from figures.periods import Month
from records.submissions import actions
from records.submissions.previous_months import (
    history_window,
    history_windows,
    row_oddities,
    unit_history_windows,
)
from tests.records.conftest import AT, balanced, entered
from tests.support.page_text import squeezed
from tests.units.succession import successions
from units.lifecycle import restructuring
from units.models import Membership, Role, Unit
from units.tree.rules import UnitDraft

pytestmark = pytest.mark.django_db
JUNE, JULY, AUGUST = Month(2022, 6), Month(2022, 7), Month(2022, 8)


def month_of(unit: Unit, month: Month, fields, open_now: int, upto: str = "approved", opens: int = 0):
    """A month of one field with `open_now` open dossiers at the end, one of them late and one awaited."""
    row = balanced(20) | {"pending_in_time": open_now - 2, "pending_late": 1, "awaiting": 1}
    row["opening"] = opens
    row["resolved_on_time"] += opens - open_now
    row["returned_direct"] += opens - open_now
    entered(unit, month, {(fields.ho_tich.pk, None): row}, upto=upto)


def draft(code: str, cast, on: date) -> UnitDraft:
    return UnitDraft(code, f"xã {code}", "committee", "commune", on, parent=cast.district)


def merged(cast, on: date) -> Unit:
    olds = [cast.alpha, cast.beta]
    return restructuring.merge_units(olds, draft("moi", cast, on), on, by=None, basis="Nghị quyết 1").new[0]


def opening(unit: Unit, month: Month, fields) -> int | None:
    rows = unit_history_windows([unit.pk], month)[unit.pk].get((fields.ho_tich.pk, None), {})
    before = rows.get(month.previous().number)
    return count_rules.closing_count(before) if before else None


@pytest.mark.parametrize(
    "on, last", [(date(2022, 6, 15), JUNE), (date(2022, 7, 1), JULY)], ids=["with the month", "within it"]
)
def test_of_a_merger_the_closings_of_all_old_units_add_up(cast, fields, on, last):
    """A month runs from the 15th to the 14th: a unit that ends on 30 June still reports July, as the new one does."""
    month_of(cast.alpha, last, fields, 5)
    month_of(cast.beta, last, fields, 7)
    new = merged(cast, on)
    assert opening(new, JULY, fields) == 12
    assert opening(new, AUGUST, fields) is None
    assert opening(cast.alpha, last, fields) is None
    row = type("Row", (), dict.fromkeys(balanced(1)) | {
        "field_id": fields.ho_tich.pk, "procedure_id": None, "opening": 10,
        "transferred_in": None, "transferred_out": None,
    })  # fmt: skip
    past = unit_history_windows([new.pk], JULY)[new.pk]
    (odd,) = row_oddities(row, past, JULY)
    assert odd.fault.code == "continuity" and odd.short.endswith("cuối kỳ trước còn 12")


def test_while_a_last_month_is_not_sent_nothing_is_proposed(cast, fields):
    month_of(cast.alpha, JUNE, fields, 5)
    month_of(cast.beta, JUNE, fields, 7, upto="draft")
    new = merged(cast, date(2022, 6, 15))
    assert opening(new, JULY, fields) is None
    entered_now = cast.beta.submissions.get().editions.get()
    actions.send_edition(entered_now, by=None, at=AT)
    assert opening(new, JULY, fields) == 12


def test_first_and_second_month_in_one_call(cast, fields):
    """As the work list does: each month beside the previous one."""
    month_of(cast.alpha, JUNE, fields, 5)
    month_of(cast.beta, JUNE, fields, 7)
    new = merged(cast, date(2022, 6, 15))
    for month, opens, left in ((JULY, 12, 9), (AUGUST, 9, 3)):
        month_of(new, month, fields, left, upto="sent", opens=opens)
    pasts = history_windows(new.submissions.all())
    openings = {
        submission.month: count_rules.closing_count(
            pasts[submission.pk][fields.ho_tich.pk, None][submission.month - 1]
        )
        for submission in new.submissions.all()
    }
    assert openings == {JULY.number: 12, AUGUST.number: 9}


def test_of_a_unit_that_was_divided_nothing_is_proposed(cast, fields):
    """Which dossiers went where is unknown; a share would be a guess."""
    month_of(cast.alpha, JUNE, fields, 5)
    on = date(2022, 6, 15)
    parts = [successions.Part(draft(f"x{at}", cast, on), Fraction(1, 2)) for at in (1, 2)]
    for new in successions.replace([cast.alpha], parts, on, by=None):
        assert opening(new, JULY, fields) is None


def test_a_unit_with_earlier_months_needs_no_query_more(cast, fields, django_assert_num_queries):
    month_of(cast.alpha, JUNE, fields, 5)
    with django_assert_num_queries(2):
        unit_history_windows([cast.alpha.pk], JULY)
    month_of(cast.beta, JUNE, fields, 7)
    new = merged(cast, date(2022, 6, 15))
    with django_assert_num_queries(5):
        unit_history_windows([new.pk], JULY)


def test_the_page_of_the_first_month_proposes_it(cast, fields, client, settings):
    month_of(cast.alpha, JUNE, fields, 5)
    month_of(cast.beta, JUNE, fields, 7)
    new = merged(cast, date(2022, 6, 15))
    opened = actions.open_submission(new, JULY, by=None, at=AT)
    assert count_rules.closing_count(history_window(opened)[fields.ho_tich.pk, None][JUNE.number]) == 12
    settings.DEMO_TODAY = date(2022, 8, 12)
    clerk = User.objects.create_user("moi")
    Membership.objects.create(user=clerk, unit=new, role=Role.CLERK, valid_from=new.active_from)
    client.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
    note = "lấy sẵn từ số còn lại cuối tháng cuối cùng của các đơn vị cũ"
    page = squeezed(client.get(f"/records/{opened.pk}/").content.decode())
    assert note in page and "cuối kỳ các đơn vị cũ</span>8<" in page and "tháng trước</span>" not in page
    page = client.get(f"/records/{opened.pk}/check/").content.decode()
    assert "So với cuối kỳ các đơn vị cũ" in page and ">Kỳ trước<" not in page
    month_of(new, JULY, fields, 3, upto="sent", opens=12)
    later = actions.open_submission(new, AUGUST, by=None, at=AT)
    page = client.get(f"/records/{later.pk}/").content.decode()
    assert note not in page and "cuối kỳ các đơn vị cũ" not in page
    assert "So với tháng 7/2022" in client.get(f"/records/{later.pk}/check/").content.decode()
