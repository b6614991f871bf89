"""Who is to be reminded of what a review asks a unit for, on a day. A fixed number of queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from figures import reminding
from records.queries.reminders import holders_of
from reports.models import Asking, AskingReminder, AskKind, ReviewState
from units import access
from units.models import User

from .asking import OPEN_STATES


@dataclass(frozen=True)
class AskedItem:
    """One thing to remind a person of; `day` is the day on which that is so."""

    asking: Asking
    kind: str
    day: date

    @property
    def key(self) -> tuple[int, str]:
        return self.asking.pk, self.kind


@dataclass(frozen=True)
class AskedPlan:
    """What is to be told to whom, and what nobody can be told of."""

    people: list[tuple[User, list[AskedItem]]]
    nobody: list[Asking]


def unanswered(day: date) -> list[AskedItem]:
    """What was asked, is not answered and calls for a reminder on a day. One query."""
    rows = Asking.objects.filter(sent_at=None, due_on__isnull=False, review__state__in=OPEN_STATES)
    rows = rows.exclude(kind=AskKind.COMMENT, review__state=ReviewState.DRAFT)
    rows = rows.select_related("unit", "review__unit").defer("review__frozen")
    return [
        AskedItem(one, kind, day)
        for one in rows.order_by("due_on", "pk")
        if (kind := reminding.kind_on(one.due_on, day))
    ]


def plan(day: date) -> AskedPlan:
    """Whom the timer reminds of what: the clerks and editors of the asked unit itself, the same kind of the same thing
    never twice. Three queries.
    """
    items = unanswered(day)
    holders = holders_of({one.asking.unit_id for one in items}, access.ROLES[access.Right.FILL], day)
    rows = AskingReminder.objects.filter(asking__in=[one.asking.pk for one in items])
    given = set(rows.values_list("user_id", "asking_id", "kind"))
    told: dict[User, list[AskedItem]] = defaultdict(list)
    for one in items:
        for user in holders.get(one.asking.unit_id, []):
            if (user.pk, *one.key) not in given:
                told[user].append(one)
    return AskedPlan(list(told.items()), [one.asking for one in items if one.asking.unit_id not in holders])
