"""The months of one unit: what was reported, who entered, sent and decided it, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from figures.periods import Month
from figures.summary import compute_figures
from figures.tally import Tally
from records.models import DossierCount, Edition, State, Submission
from records.storage.tallies import tally_of
from records.summary.query import FiguresQuery

_CHIPS = {"draft": "draft", "sent": "wait", "approved": "ok", "returned": "back", "superseded": "none"}
_NOTHING = dict.fromkeys(("received", "received_online", "resolved", "pending_late"))


@dataclass(frozen=True)
class MonthReport:
    """One month of a unit: the submission's number (None where nothing was opened) and who did what, when."""

    pk: int | None
    month: int
    state: str
    chip: str
    counts: Mapping[str, int | None]
    saved_by: str = ""
    saved_at: datetime | None = None
    sent_by: str = ""
    sent_at: datetime | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    late: bool = False


def month_reports(query: FiguresQuery) -> list[MonthReport]:
    """The submissions of a unit in the period, a line for each month, newest last; two queries (three for a field).

    Numbers are those in force at the stage asked for; the state is that of the newest edition. As of an earlier day
    both are of the edition that counted then.
    """
    numbers = [month.number for month in query.period.months]
    submissions = {one.month: one for one in Submission.objects.filter(unit=query.unit, month__in=numbers)}
    editions: dict[int, list[Edition]] = {}
    every = Edition.objects.all() if query.as_of is None else Edition.objects.counted_on(query.as_of)
    for one in every.filter(submission__in=submissions.values()).order_by("number"):
        editions.setdefault(one.submission_id, []).append(one)
    in_force = {pk: _in_force(found, query) for pk, found in editions.items()}
    counts = _counts(query, [one for one in in_force.values() if one])
    nothing = "Chưa mở" if query.as_of is None else "Chưa duyệt"
    return [
        _month_report(
            month.number,
            submissions.get(month.number),
            editions,
            in_force,
            counts,
            nothing if query.unit.owes(*_days(query, month)) else "Không phải báo cáo",
        )
        for month in query.period.months
    ]


def _days(query: FiguresQuery, month: Month) -> tuple[date, date]:
    span = query.calendar.span(month)
    return span.start, span.end


def _in_force(found: Sequence[Edition], query: FiguresQuery) -> Edition | None:
    if query.as_of is not None:
        return found[-1]
    states = (State.APPROVED,) if query.include == "approved" else (State.SENT, State.APPROVED)
    by_state = {one.state: one for one in found}
    return next((by_state[state] for state in states if state in by_state), None)


def _counts(query: FiguresQuery, chosen: Sequence[Edition]) -> dict[int, Mapping[str, int | None]]:
    if query.field is None:
        tallies = {one.pk: tally_of(one.__dict__) for one in chosen}
    else:
        tallies: dict[int, Tally] = {}
        for row in DossierCount.objects.filter(edition__in=chosen, field=query.field):
            tally = tally_of(row.__dict__)
            tallies[row.edition_id] = tallies[row.edition_id] + tally if row.edition_id in tallies else tally
    return {pk: compute_figures(tally).counts for pk, tally in tallies.items()}


def _month_report(number: int, submission, editions, in_force, counts, nothing: str) -> MonthReport:
    found = editions.get(submission.pk, []) if submission else []
    if not found:
        return MonthReport(submission.pk if submission else None, number, nothing, "", _NOTHING)
    newest, used = found[-1], in_force[submission.pk]
    return MonthReport(
        submission.pk,
        number,
        newest.get_state_display(),
        _CHIPS[newest.state],
        counts.get(used.pk, _NOTHING) if used else _NOTHING,
        newest.saved_by,
        newest.saved_at,
        newest.sent_by,
        newest.sent_at,
        newest.decided_by,
        newest.decided_at,
        bool(newest.sent_at and timezone.localdate(newest.sent_at) > submission.due_on),
    )
