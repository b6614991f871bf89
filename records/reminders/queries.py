"""Who is to be reminded of which month, and who was; a fixed number of queries."""

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

# Reporting months around the running one whose due date can lie within the days that reminders look at.
_BACK, _AHEAD = 6, 1


@dataclass(frozen=True)
class UnsentMonth:
    """A unit's month that is not sent, or was `returned`; `day` is the day on which that is so, `opens_on` the first
    one on which it can be entered.
    """

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
    """One thing to remind a person of. `below`: as the reviewer, not as the clerk; `clerks` are the unit's then."""

    owed: UnsentMonth
    kind: str
    below: bool = False
    clerks: tuple[User, ...] = ()

    @property
    def key(self) -> tuple[int, int, str]:
        return *self.owed.key, self.kind


@dataclass(frozen=True)
class ReminderPlan:
    """What is to be told to whom, and the months that nobody can be told of."""

    people: list[tuple[User, list[ReminderItem]]]
    nobody: list[UnsentMonth]


def unsent_months(day: date, due: DueDates) -> list[tuple[UnsentMonth, str]]:
    """Months of all units that call for a reminder on a day, with its kind. Four queries a month looked at."""
    running = due.days.month_of(day)
    found = []
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
                found.append((UnsentMonth(unit, month, due_on, span.end + timedelta(1), day, back), kind))
    return found


def sent_or_approved(months: Iterable[int], units: Iterable[int] | None = None) -> set[tuple[int, int]]:
    """(unit number, month) of what was sent or counts; a returned month is neither."""
    return _unit_months(Edition.objects.sent_or_approved(), months, units)


def _unit_months(
    editions: QuerySet[Edition], months: Iterable[int], units: Iterable[int] | None = None
) -> set[tuple[int, int]]:
    editions = editions.filter(submission__month__in=list(months))
    if units is not None:
        editions = editions.filter(submission__unit__in=list(units))
    return set(editions.order_by().values_list("submission__unit_id", "submission__month"))


def plan_reminders(day: date, due: DueDates) -> ReminderPlan:
    """Whom the timer reminds of what on a day, the same kind of the same month never twice.

    The clerks of the unit; its reviewer (of the nearest ancestor that has one) once it is late, and before that where
    no clerk has an e-mail address. Of a body outside the committee only its own clerks. Of a unit that is over and has
    none, those of where it stands.
    """
    owing = unsent_months(day, due)
    units = [owed.unit for owed, _ in owing]
    clerks = clerks_of_units(units, day)
    reviewers = _Reviewers(units, day)
    items: dict[User, list[ReminderItem]] = defaultdict(list)
    nobody = []
    for owed, kind in owing:
        own = clerks.get(owed.unit.pk, [])
        told: dict[User, ReminderItem] = {user: ReminderItem(owed, kind) for user in own}
        reached = any(user.email for user in own)
        if (kind == completeness.AFTER or not reached) and not owed.unit.external:
            for user in reviewers.of(owed.unit):
                told.setdefault(user, ReminderItem(owed, kind, below=True, clerks=tuple(own)))
        if not told and not owed.unit.external:
            nobody.append(owed)
        for user, item in told.items():
            items[user].append(item)
    given = _already_reminded({owed.month.number for owed, _ in owing})
    people = [
        (user, [item for item in each if (user.pk, *item.key) not in given]) for user, each in items.items()
    ]
    return ReminderPlan([(user, each) for user, each in people if each], nobody)


def _already_reminded(months: Iterable[int]) -> set[tuple[int, int, int, str]]:
    rows = Reminder.objects.filter(month__in=list(months)).exclude(kind=ReminderKind.BY_HAND).order_by()
    return set(rows.values_list("user_id", "unit_id", "month", "kind"))


def urged_on(day: date, people: Iterable[User]) -> set[tuple[int, int, int]]:
    """(person, unit, month) of what was urged by hand on a day."""
    rows = Reminder.objects.filter(kind=ReminderKind.BY_HAND, on=day, user__in=list(people)).order_by()
    return set(rows.values_list("user_id", "unit_id", "month"))


def clerks_of_units(units: Iterable[Unit], day: date) -> dict[int, list[User]]:
    """Who enters figures for each unit (by number) on a day, by sign-in name: its clerks; of one that is over and has
    none, its successor's. Units without anybody are left out.
    """
    units = list(units)
    heirs = successors_of(units, day)
    near = {unit.pk for unit in units} | {heir.pk for heir in heirs.values()}
    found = role_holders(near, [Role.CLERK], day)
    for unit in heirs.keys() - found.keys():
        found[unit] = found.get(heirs[unit].pk, [])
    return {unit.pk: found[unit.pk] for unit in units if found.get(unit.pk)}


def role_holders(units: Iterable[int], roles: Iterable[str], day: date) -> dict[int, list[User]]:
    """Who holds one of the roles in each unit itself (by number) on a day, by sign-in name; no units without any."""
    return _names_by_unit(Membership.objects.filter(unit__in=list(units), role__in=list(roles)), day)


def _names_by_unit(rows: QuerySet[Membership], day: date) -> dict[int, list[User]]:
    found: dict[int, dict[int, User]] = defaultdict(dict)
    rows = rows.valid_on(day).filter(user__is_active=True).select_related("user")
    for row in rows.order_by("user__username"):
        found[row.unit_id][row.user_id] = row.user
    return {unit: list(people.values()) for unit, people in found.items()}


class _Reviewers:
    """The reviewers of these units, in two queries."""

    def __init__(self, units: Iterable[Unit], day: date) -> None:
        self._holders = _names_by_unit(Membership.objects.filter(role=Role.REVIEWER), day)
        self._heirs = successors_of(units, day)

    def of(self, unit: Unit) -> list[User]:
        """Those of the nearest ancestor that has one (the same as answering.approver_of)."""
        heir = self._heirs.get(unit.pk)
        above = [*(heir.above() if heir else ()), *unit.ancestor_ids()]
        return next((self._holders[number] for number in reversed(above) if number in self._holders), [])


def other_contacts(units: Iterable[Unit], day: date) -> dict[int, list[str]]:
    """Whom to call about a unit (by number) without a clerk: who has another role in it, else the administrators of
    the nearest unit above that has one. One query.
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
    found = {}
    for unit in units:
        above = next((heads[number] for number in reversed(unit.ancestor_ids()) if number in heads), [])
        found[unit.pk] = own.get(unit.pk) or above
    return found


def own_reminders(user: User, months: Iterable[Month]) -> dict[tuple[int, int], list[Reminder]]:
    """What a person was reminded of, by (unit number, month), the earliest first. One query."""
    found: dict[tuple[int, int], list[Reminder]] = defaultdict(list)
    rows = Reminder.objects.filter(user=user, month__in=[month.number for month in months])
    for row in rows.order_by("on", "pk"):
        found[row.unit_id, row.month].append(row)
    return found


def last_reminded(units: Iterable[int], months: Iterable[Month]) -> Mapping[int, date]:
    """The latest day on which a clerk of each unit (by number) was reminded of one of the months. One query."""
    rows = Reminder.objects.filter(
        unit__in=list(units),
        month__in=[month.number for month in months],
        user__memberships__unit=F("unit"),
        user__memberships__role=Role.CLERK,
    )
    return dict(rows.order_by().values_list("unit_id").annotate(Max("on")))


def months_to_urge(standings: Iterable[MonthStatus], days: Calendar, day: date) -> list[UnsentMonth]:
    """What can be urged of these standings: months that are not sent, and returned ones."""
    return [
        UnsentMonth(
            one.unit, one.month, one.due_on, days.span(one.month.next()).start, day, one.mark == "back"
        )
        for one in standings
        if one.owed and not one.reopened
    ]
