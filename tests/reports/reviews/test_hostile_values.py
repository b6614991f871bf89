"""Hostile values in every field of the review pages get an error message, never a server error."""

import pytest

from reports.consultation import actions as consultation_actions
from reports.drafting import actions as drafting_actions
from reports.models import ReviewState
from tests.bad_inputs.texts import FIELDS, HOSTILE, PARAMETERS
from tests.support.loaded_demo import NOW
from units.models import Unit


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_no_value_breaks_a_page(signed_in, review, value):
    unit, section = Unit.objects.get(code="13474"), review.sections.get(order=4)
    (one,) = consultation_actions.ask_units(
        review, [unit], by=None, at=NOW, section=section, due_on=NOW.date()
    )
    drafting_actions.set_state(review, ReviewState.COMMENT, by=None, at=NOW)
    said = consultation_actions.add_comment(review, "Lời.", unit=review.unit, by=None, at=NOW)
    task = review.tasks.first()
    places = [
        f"/records/indicators/{review.unit_id}/",
        f"/records/indicators/{review.unit_id}/save/",
        f"/records/targets/{review.unit_id}/",
        f"/records/targets/{review.unit_id}/save/",
        *(f"/reports/reviews/{review.pk}/{what}/" for what in ("meeting", "tasks", "comments", "asking")),
        f"/reports/comments/{said.pk}/reply/",
        f"/reports/asked/{one.pk}/",
        f"/reports/asked/{one.pk}/facts/",
        f"/reports/asking/{one.pk}/return/",
        f"/reports/tasks/{task.pk}/outcome/",
    ]
    client = signed_in("tonghop")
    client.raise_request_exception = False
    for where in places:
        assert client.get(where, dict.fromkeys(PARAMETERS, value)).status_code < 500, ("GET", where)
        data = dict.fromkeys((*FIELDS, "send", "percent-online-", "source-online-"), value)
        for more in ({}, {"section": "", "unit": str(review.unit_id), "revision": "0", "resolution": ""}):
            assert client.post(where, data | more).status_code < 500, ("POST", where)
