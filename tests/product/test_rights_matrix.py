"""Route × role × unit × method (acceptance S2, S3): outsiders get the same answer as for an unknown id."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from difflib import unified_diff
from types import SimpleNamespace

import pytest

from accounts.models import User
from core import web
from figures.periods import Month
from records.models import Field
from records.submissions import actions
from reports.models import Review
from units.access.queries import is_allowed
from units.lifecycle.actions import open_units
from units.models import Role
from units.people.actions import add_membership
from units.tree.rules import UnitDraft

from .test_routes import routes

START, DAY = date(2020, 1, 1), date(2022, 8, 12)
AT = datetime(2022, 7, 15, 2, 0, tzinfo=UTC)
UNKNOWN = 987_654_321
# For people of the district, the commune, the province and of no unit: their own unit, one below, beside and above.
RELATED = {
    "351": ("351", "13474", "352", "35"),
    "13474": ("13474", "13480", "351", "352"),
    "35": ("35", "351", "13500"),
    "nobody": ("35", "13474"),
}
DISTRICT_ROLES = (Role.VIEWER, Role.REVIEWER, Role.EDITOR, Role.LEADER, Role.ADMINISTRATOR)


@pytest.fixture
def cast(db) -> SimpleNamespace:
    """A province with two districts; in each a commune or two, and in each unit a month and a review."""
    tree = [("35", "province", None), ("351", "district", "35"), ("352", "district", "35")]
    tree += [("13474", "commune", "351"), ("13480", "commune", "351"), ("13500", "commune", "352")]
    drafts = [
        UnitDraft(code, f"đơn vị {code}", "committee", tier, START, parent=parent)
        for code, tier, parent in tree
    ]
    units = {unit.code: unit for unit in open_units(drafts, by=None).new}
    people = {f"{role} 351": person(role, units["351"]) for role in DISTRICT_ROLES}
    people["clerk 13474"] = person(Role.CLERK, units["13474"])
    people["reviewer 35"] = person(Role.REVIEWER, units["35"])
    people["nobody"] = User.objects.create(username="nobody")
    targets = [("units", unit, unit.pk) for unit in units.values()]
    for code in ("13474", "13480", "13500"):
        targets.append(("records", units[code], submission(units[code]).pk))
    for unit in units.values():
        review = Review.objects.create(unit=unit, period="2022-H1", title="Báo cáo", created_at=AT)
        targets.append(("reports/reviews", unit, review.pk))
    return SimpleNamespace(people=people, targets=targets)


def person(role: str, unit) -> User:
    user = User.objects.create(username=f"{role}-{unit.code}")
    add_membership(user, unit, role, START, by=None)
    return user


def submission(unit):
    selected = actions.open_submission(unit, Month(2022, 6), by=None, at=AT)
    edition = selected.editions.get()
    row = {"received_direct": 5}
    actions.save_counts(
        edition,
        {(Field.objects.get(code=Field.UNDIVIDED).pk, None): row},
        by=None,
        revision=edition.revision,
        at=AT,
    )
    return selected


def routes_of_one_object() -> list[tuple[str, str, object]]:
    """(space, address, right) of every route that is about one unit, month or review."""
    selected = []
    for route, pattern in routes():
        space = re.match(r"(units|records|reports/reviews)/<int:pk>", route)
        if space and route.count("<") == 1:
            selected.append((space[1], route, pattern.callback.declared_right))
    return selected


def test_every_route_by_every_role_on_every_unit(cast, client):
    outcomes: Counter[str] = Counter()
    for name, user in cast.people.items():
        client.force_login(user)
        related = RELATED[name.rpartition(" ")[2]]
        for space, route, right in routes_of_one_object():
            for method in (client.get, client.post):
                unknown = method("/" + route.replace("<int:pk>", str(UNKNOWN)))
                assert unknown.status_code in (404, 405), (name, route)
                for kind, unit, number in cast.targets:
                    if kind != space or (kind != "records" and unit.code not in related):
                        continue
                    answer = method("/" + route.replace("<int:pk>", str(number)))
                    label = f"{name} {method.__name__} {route} of {unit.code}"
                    outcomes[check(label, user, unit, right, answer, unknown)] += 1
    print(f"\n{sum(outcomes.values())} cases: {dict(outcomes)}")
    assert min(outcomes["outside"], outcomes["read only"], outcomes["allowed"]) > 20


def diff(one, other) -> list[str]:
    pair = (one.content.decode().splitlines(), other.content.decode().splitlines())
    return [line for line in unified_diff(*pair, n=0, lineterm="") if line[:1] in "+-"][:6]


def check(label: str, user: User, unit, right, answer, unknown) -> str:
    user.__dict__.pop("_memberships", None)
    if not is_allowed(user, web.Right.READ, unit, DAY):
        assert answer.status_code == unknown.status_code, label
        assert answer.content == unknown.content, (label, diff(answer, unknown))
        return "outside"
    if answer.status_code == 405:
        return "other method"
    needed = web.Right.READ if right is web.Right.SIGNED_IN else right
    if not is_allowed(user, needed, unit, DAY):
        assert answer.status_code == 403, (label, answer.status_code)
        return "read only"
    assert answer.status_code not in (401, 403, 404, 500), (label, answer.status_code)
    return "allowed"
