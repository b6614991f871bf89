"""A whole draft at once: the outline that holds, text drafted from the figures, tasks proposed for the next period."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from figures.periods import Period, PeriodError
from records.queries.calendar import calendar
from reports.models import PlanTask, Review, TaskOutcome
from reports.queries import document, outlines, phrases, wording
from reports.queries.tasks import set_last_time
from units.models import Unit, User

from .drafting import TaskText, draft, edit

GO_ON = "Tiếp tục thực hiện: "


@transaction.atomic
def draft_whole(
    unit: Unit, period: Period, *, by: User | None, at: datetime, demo: bool, **more: Any
) -> Review:
    """Open a draft with everything that the figures say. Raises Refused while another draft of the same is open. `more`
    as reports.actions.draft takes it; the figures of the same moment give the same text.
    """
    sections = outlines.for_review(unit, period)
    review = draft(unit, period, by=by, at=at, sections=sections, **more)
    doc = document.build(review, demo=demo)
    known, said = document.known(doc), phrases.in_use()
    text = wording.bodies(doc, known, said)
    bodies = {one.pk: (one.heading, text[one.key]) for one in review.sections.all() if one.key in text}
    tasks = _tasks(set_last_time(unit, period), wording.proposals(doc, known, said), _next_end(period))
    return edit(review, by=by, at=at, bodies=bodies, tasks=tasks)


def _tasks(last: Sequence[PlanTask], proposed: Sequence[str], end: date | None) -> list[TaskText]:
    """What was set last time and is not done, then what the figures ask for; none twice."""
    undone = [one for one in last if one.outcome != TaskOutcome.DONE]
    found = [TaskText(_again(one.text), one.responsible, end, one.unit_id) for one in undone]
    there = tuple(one.text.removeprefix(GO_ON).casefold() for one in undone)
    new = [text for text in proposed if not any(one.startswith(text.casefold()) for one in there)]
    return found + [TaskText(text, deadline=end) for text in new]


def _again(text: str) -> str:
    return text if text.startswith("Tiếp tục") else GO_ON + text


def _next_end(period: Period) -> date | None:
    """The last day of the next period: by when tasks are proposed to be done."""
    try:
        return calendar().bounds(period.shifted(len(period.months)))[1]
    except PeriodError:
        return None
