"""Who is to be reminded of which month, and who was; in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, Max, QuerySet

from accounts.models import User
from figures import completeness
from figures.periods import Calendar, Month
from records.calendar.queries import DueDates
from records.models import Edition, Reminder, ReminderKind, State, Submission
from records.submissions.month_status import MonthStatus
from records.summary.missing import without_report
from units.models import Membership, Role, Tier, Unit
from units.succession.positions import successors_of

# Months before and after the current one whose due date can fall on a day with reminders.
_BACK, _AHEAD = 6, 1


@dataclass(frozen=True)
class UnsentMonth:
    """A unit's month not sent by `day`, or `returned`. `opens_on`: the first day on which it can be entered."""

    unit: Unit
    month: Month
    due_on: date
    opens_on: date
    day: date
    returned: bool = False

    @property
    def key(self) -> tuple[int, int]:
        return self.unit.pk, self.month.number


@dataclass(frozen=True)
class ReminderItem:
    """A month to remind a person of. `below`: as reviewer instead of clerk; then `clerks` are the unit's."""

    unsent: UnsentMonth
    kind: str
    below: bool = False
    clerks: tuple[User, ...] = ()

    @property
    def key(self) -> tuple[int, int, str]:
        return *self.unsent.key, self.kind


@dataclass(frozen=True)
class ReminderPlan:
    """Reminders by person. `nobody`: months without anyone to remind."""

    people: list[tuple[User, list[ReminderItem]]]
    nobody: list[UnsentMonth]


def unsent_months(day: date, due: DueDates) -> list[tuple[UnsentMonth, str]]:
    """Months of all units due for a reminder on a day, with its kind. At most four queries for each month."""
    running = due.days.month_of(day)
    unsent = []
    for month in (running.plus(n) for n in range(-_BACK, _AHEAD + 1)):
        span = due.days.span(month)
        stored = dict(Submission.objects.filter(month=month.number).values_list("unit_id", "due_on"))
        possible = {due.of(tier, month) for tier in Tier.values} | set(stored.values())
        if not any(completeness.reminder_kind(due_on, day) for due_on in possible):
            continue
        missing = Unit.objects.expected_within(span.start, span.end).filter(without_report(month))
        returned = _unit_months(Edition.objects.filter(state=State.RETURNED), [month.number])
        for unit in missing.order_by("path"):
            due_on = stored.get(unit.pk) or due.of(unit.tier, month)
            kind = completeness.reminder_kind(due_on, day)
            if kind is not None:
                back = (unit.pk, month.number) in returned
                unsent.append((UnsentMonth(unit, month, due_on, span.end + timedelta(1), day, back), kind))
    return unsent


def sent_or_approved(months: Iterable[int], units: Iterable[int] | None = None) -> set[tuple[int, int]]:
    """(unit id, month) of what is sent or approved; a returned month is neither."""
    return _unit_months(Edition.objects.sent_or_approved(), months, units)


def _unit_months(
    editions: QuerySet[Edition], months: Iterable[int], units: Iterable[int] | None = None
) -> set[tuple[int, int]]:
    editions = editions.filter(submission__month__in=list(months))
    if units is not None:
        editions = editions.filter(submission__unit__in=list(units))
    return set(editions.order_by().values_list("submission__unit_id", "submission__month"))


def plan_reminders(day: date, due: DueDates) -> ReminderPlan:
    """The timer's reminders of a day, each kind of a month once for a person.

    They go to the clerks of the unit; also to its reviewer (of the nearest ancestor with one) once overdue, and before
    if no clerk has an e-mail address. External bodies: only their clerks. Closed units without clerks: those of the
    successor.
    """
    unsent = unsent_months(day, due)
    units = [month.unit for month, _ in unsent]
    clerks = clerks_of_units(units, day)
    reviewers = _Reviewers(units, day)
    items: dict[User, list[ReminderItem]] = defaultdict(list)
    nobody = []
    for month, kind in unsent:
        own = clerks.get(month.unit.pk, [])
        recipients: dict[User, ReminderItem] = {user: ReminderItem(month, kind) for user in own}
        reached = any(user.email for user in own)
        if (kind == completeness.AFTER or not reached) and not month.unit.external:
            for user in reviewers.of(month.unit):
                recipients.setdefault(user, ReminderItem(month, kind, below=True, clerks=tuple(own)))
        if not recipients and not month.unit.external:
            nobody.append(month)
        for user, item in recipients.items():
            items[user].append(item)
    reminded = _already_reminded({month.month.number for month, _ in unsent})
    people = [
        (user, [item for item in each if (user.pk, *item.key) not in reminded])
        for user, each in items.items()
    ]
    return ReminderPlan([(user, each) for user, each in people if each], nobody)


def _already_reminded(months: Iterable[int]) -> set[tuple[int, int, int, str]]:
    rows = Reminder.objects.filter(month__in=list(months)).exclude(kind=ReminderKind.BY_HAND).order_by()
    return set(rows.values_list("user_id", "unit_id", "month", "kind"))


def urged_on(day: date, people: Iterable[User]) -> set[tuple[int, int, int]]:
    """(user id, unit id, month) of reminders by hand on a day."""
    rows = Reminder.objects.filter(kind=ReminderKind.BY_HAND, on=day, user__in=list(people)).order_by()
    return set(rows.values_list("user_id", "unit_id", "month"))


def clerks_of_units(units: Iterable[Unit], day: date) -> dict[int, list[User]]:
    """{unit id: its clerks on a day, by username}; for a closed unit without clerks those of its successor. Units
    without any are left out.
    """
    units = list(units)
    heirs = successors_of(units, day)
    near = {unit.pk for unit in units} | {heir.pk for heir in heirs.values()}
    clerks = role_holders(near, [Role.CLERK], day)
    for unit in heirs.keys() - clerks.keys():
        clerks[unit] = clerks.get(heirs[unit].pk, [])
    return {unit.pk: clerks[unit.pk] for unit in units if clerks.get(unit.pk)}


def role_holders(units: Iterable[int], roles: Iterable[str], day: date) -> dict[int, list[User]]:
    """{unit id: users with one of the roles in it on a day, by username}; units without any are left out."""
    return _names_by_unit(Membership.objects.filter(unit__in=list(units), role__in=list(roles)), day)


def _names_by_unit(rows: QuerySet[Membership], day: date) -> dict[int, list[User]]:
    by_unit: dict[int, dict[int, User]] = defaultdict(dict)
    rows = rows.valid_on(day).filter(user__is_active=True).select_related("user")
    for row in rows.order_by("user__username"):
        by_unit[row.unit_id][row.user_id] = row.user
    return {unit: list(people.values()) for unit, people in by_unit.items()}


class _Reviewers:
    """The reviewers of these units, in two queries."""

    def __init__(self, units: Iterable[Unit], day: date) -> None:
        self._holders = _names_by_unit(Membership.objects.filter(role=Role.REVIEWER), day)
        self._heirs = successors_of(units, day)

    def of(self, unit: Unit) -> list[User]:
        """Those of the nearest ancestor with a reviewer; of a closed unit, by the position of its successor."""
        heir = self._heirs.get(unit.pk)
        above = [*(heir.above() if heir else ()), *unit.ancestor_ids()]
        return next((self._holders[number] for number in reversed(above) if number in self._holders), [])


def other_contacts(units: Iterable[Unit], day: date) -> dict[int, list[str]]:
    """{unit id: whom to call about a unit without clerks}: users with another role in it, else the administrators of
    the nearest unit above that has any. One query.
    """
    units = list(units)
    near = {unit.pk for unit in units} | {number for unit in units for number in unit.ancestor_ids()}
    rows = Membership.objects.valid_on(day).filter(unit__in=near, user__is_active=True)
    own: dict[int, list[str]] = defaultdict(list)
    heads: dict[int, list[str]] = defaultdict(list)
    for row in rows.select_related("user").order_by("user__username"):
        own[row.unit_id].append(f"{row.user} ({row.get_role_display().lower()})")
        if row.role == Role.ADMINISTRATOR:
            heads[row.unit_id].append(f"{row.user} (quản trị)")
    contacts = {}
    for unit in units:
        above = next((heads[number] for number in reversed(unit.ancestor_ids()) if number in heads), [])
        contacts[unit.pk] = own.get(unit.pk) or above
    return contacts


def own_reminders(user: User, months: Iterable[Month]) -> dict[tuple[int, int], list[Reminder]]:
    """{(unit id, month): reminders of a person}, earliest first. One query."""
    reminders: dict[tuple[int, int], list[Reminder]] = defaultdict(list)
    rows = Reminder.objects.filter(user=user, month__in=[month.number for month in months])
    for row in rows.order_by("on", "pk"):
        reminders[row.unit_id, row.month].append(row)
    return reminders


def last_reminded(units: Iterable[int], months: Iterable[Month]) -> Mapping[int, date]:
    """{unit id: latest day on which a clerk of it was reminded of one of the months}. One query."""
    rows = Reminder.objects.filter(
        unit__in=list(units),
        month__in=[month.number for month in months],
        user__memberships__unit=F("unit"),
        user__memberships__role=Role.CLERK,
    )
    return dict(rows.order_by().values_list("unit_id").annotate(Max("on")))


def months_to_urge(statuses: Iterable[MonthStatus], days: Calendar, day: date) -> list[UnsentMonth]:
    """The months that can be urged: not sent, or returned."""
    return [
        UnsentMonth(
            status.unit,
            status.month,
            status.due_on,
            days.span(status.month.next()).start,
            day,
            status.key == "back",
        )
        for status in statuses
        if status.unsent and not status.reopened
    ]
