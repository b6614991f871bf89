"""Which kind of reminder a day calls for, relative to the due date."""

from datetime import date

BEFORE, ON_DAY, AFTER = "before", "on_day", "after"
DAYS_BEFORE = 3
# Later the timer says nothing any more: who is silent that long is reminded by hand.
DAYS_AFTER = 30


def reminder_kind(due: date, day: date) -> str | None:
    """The kind of reminder that a day calls for, or None.

    A kind holds until the next one: three days before the due date until the eve, the day itself, from one day after
    it. So a timer that missed its day gives the kind late, and one that missed several gives the latest only.
    """
    distance = (day - due).days
    if distance == 0:
        return ON_DAY
    if distance < 0:
        return BEFORE if distance >= -DAYS_BEFORE else None
    return AFTER if distance <= DAYS_AFTER else None
