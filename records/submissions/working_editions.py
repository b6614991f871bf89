"""The edition of each unit that is being worked on, opened or not, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from figures.periods import Month
from records.calendar.queries import DueDates
from records.models import OPEN_STATES, DossierCount, Edition, Submission
from units.models import Unit

from .history_window import HistoryWindow, unit_history_windows
from .locks import binding_closing_time, closing_times_of


@dataclass(frozen=True)
class WorkingEdition:
    """The edition that is worked on (of a month that nobody opened yet: one that is not stored), its rows in the order
    of the catalogue, and the twelve months before.
    """

    edition: Edition
    rows: list[DossierCount]
    past: HistoryWindow

    @property
    def submission(self) -> Submission:
        return self.edition.submission

    @property
    def opened(self) -> bool:
        return self.submission.pk is not None


def working_editions(units: Sequence[Unit], month: Month, due: DueDates) -> list[WorkingEdition]:
    """In the order of the units. At most six queries."""
    numbers = [unit.pk for unit in units]
    stored = {one.unit_id: one for one in Submission.objects.filter(month=month.number, unit__in=numbers)}
    editions = _working_editions_by_submission(stored)
    rows: dict[int, list[DossierCount]] = defaultdict(list)
    counts = DossierCount.objects.filter(edition__in=[one.pk for one in editions.values()])
    for row in counts.select_related("field", "procedure").order_by("field__order", "field__code", "pk"):
        rows[row.edition_id].append(row)
    pasts = unit_history_windows(numbers, month)
    times = closing_times_of([month.number])[month.number]
    found = []
    for unit in units:
        submission = stored.get(unit.pk)
        if submission is None:
            submission = Submission(
                month=month.number,
                due_on=due.of(unit.tier, month),
                closes_at=binding_closing_time(times, unit),
            )
        submission.unit = unit
        edition = editions.get(submission.pk) or Edition(number=1)
        edition.submission = submission
        found.append(WorkingEdition(edition, rows[edition.pk] if edition.pk else [], pasts[unit.pk]))
    return found


def _working_editions_by_submission(stored: dict[int, Submission]) -> dict[int, Edition]:
    """By number of the submission: its open edition, else its newest."""
    found: dict[int, Edition] = {}
    listed = Edition.objects.filter(submission__in=[one.pk for one in stored.values()])
    for edition in listed.order_by("number"):
        before = found.get(edition.submission_id)
        if before is None or before.state not in OPEN_STATES:
            found[edition.submission_id] = edition
    return found
