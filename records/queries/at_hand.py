"""A month of some units as it is worked on, whether it was opened or not. A fixed number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from figures.periods import Month
from records.models import OPEN_STATES, DossierCount, Edition, Submission
from units.models import Unit

from .calendar import DueDates
from .closing import binding, times_of
from .past import Past, pasts_of_units


@dataclass(frozen=True)
class AtHand:
    """The edition that is worked on (of a month that nobody opened yet: one that is not stored), its rows in the order
    of the catalogue, and the twelve months before.
    """

    edition: Edition
    rows: list[DossierCount]
    past: Past

    @property
    def submission(self) -> Submission:
        return self.edition.submission

    @property
    def opened(self) -> bool:
        return self.submission.pk is not None


def at_hand(units: Sequence[Unit], month: Month, due: DueDates) -> list[AtHand]:
    """In the order of the units. At most six queries."""
    numbers = [unit.pk for unit in units]
    stored = {one.unit_id: one for one in Submission.objects.filter(month=month.number, unit__in=numbers)}
    editions = _editions(stored)
    rows: dict[int, list[DossierCount]] = defaultdict(list)
    counts = DossierCount.objects.filter(edition__in=[one.pk for one in editions.values()])
    for row in counts.select_related("field", "procedure").order_by("field__order", "field__code", "pk"):
        rows[row.edition_id].append(row)
    pasts = pasts_of_units(numbers, month)
    times = times_of([month.number])[month.number]
    found = []
    for unit in units:
        submission = stored.get(unit.pk)
        if submission is None:
            submission = Submission(
                month=month.number, due_on=due.of(unit.tier, month), closes_at=binding(times, unit)
            )
        submission.unit = unit
        edition = editions.get(submission.pk) or Edition(number=1)
        edition.submission = submission
        found.append(AtHand(edition, rows[edition.pk] if edition.pk else [], pasts[unit.pk]))
    return found


def _editions(stored: dict[int, Submission]) -> dict[int, Edition]:
    """By number of the submission: its open edition, else its newest."""
    found: dict[int, Edition] = {}
    listed = Edition.objects.filter(submission__in=[one.pk for one in stored.values()])
    for edition in listed.order_by("number"):
        before = found.get(edition.submission_id)
        if before is None or before.state not in OPEN_STATES:
            found[edition.submission_id] = edition
    return found
