"""Against the same period last year only those units count that owed reports throughout both periods; of one field,
those that owed it throughout.
"""

from figures.compared import Compared
from figures.periods import Period
from figures.summary import Summary, build
from records.queries.owed_field import OwedField
from records.queries.question import Question
from records.queries.summary import Monthly

from .lasting import Lasting
from .lasting_field import LastingField
from .lasting_today import LastingToday
from .remaining import Compares, remaining

# As reported, a unit that opened or closed meanwhile is taken out of both sides. By today's units history is
# carried over, and one is taken out in which it does not reach through both periods.
# Who is left out is named.


def lasting(reach: Question, period: Period, owed: OwedField | None = None) -> Compares | None:
    """Who can be compared in a period and the same period last year; None where that are all. `owed`: who owes the
    field, where one is asked for. Two queries at most where units opened or closed or a field is not of all alike, by
    today's units ten; else one, and none of a unit without any below that reported throughout.
    """
    of_basis = Lasting if reach.today is None else LastingToday
    found: Compares = of_basis(reach, period)
    if owed is not None:
        found = LastingField(owed, period)
        if found.alike:
            found = of_basis(reach, period, owed.field, found.whole_tiers)
    return found if found.number_left_out else None


def comparison(among: Compares, monthly: Monthly, before: Summary, field: str = "") -> Compared:
    """Both sides without who is left out. `monthly` holds the months of both periods, by tier; `field` is the name of
    the field, where one is asked for. Six queries at most, whatever opened or closed.
    """
    tiers, period = remaining(among, monthly), among.period
    sides = [
        build(
            unit=before.unit,
            unit_name=before.unit_name,
            period=when,
            tiers=tiers,
            calendar=among.reach.days,
            basis=before.basis,
            units_of=before.units_of,
            include=before.include,
            as_of=before.as_of,
            external=before.external,
            decimals=before.decimals,
        )
        for when in (period, period.same_last_year())
    ]
    return Compared(*sides, among.names_left_out, among.number_left_out, field)
