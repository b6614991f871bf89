"""Rights to read and write months by the API: caller × unit × method (acceptance S2, S3, S6)."""

import json
from collections import Counter
from datetime import date

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from core.web import Right
from figures.periods import Month
from records.models import Submission
from tests.records.conftest import JULY, balanced, entered
from units.access.queries import is_allowed
from units.models import System, TokenScope
from units.tokens import create_token

PEOPLE = ("clerk", "neighbour", "reviewer", "leader", "viewer", "administrator", "outsider")
TOKENS = {
    "reads the commune": ("alpha", (TokenScope.SUBMISSIONS,)),
    "writes the commune": ("alpha", (TokenScope.SUBMISSIONS, TokenScope.WRITE)),
    "only writes the district": ("district", (TokenScope.WRITE,)),
    "reads and writes the province": ("province", (TokenScope.SUBMISSIONS, TokenScope.WRITE)),
    "reads figures": ("district", (TokenScope.FIGURES,)),
}
DAY = date(2022, 8, 12)
CODES = ("13441", "13450", "351", "35", "khong-co")


@pytest.fixture
def callers(people, as_, fields):
    """name → (client, user or system)."""
    by_name = {name: (as_(name), getattr(people, name)) for name in PEOPLE}
    for name, (unit, scopes) in TOKENS.items():
        made, secret = create_token(name, getattr(people, unit), scopes, 30, by=None, at=timezone.now())
        by_name[name] = Client(headers={"Authorization": f"Bearer {secret}"}), System(made)
    rows = {(fields.ho_tich.pk, None): balanced(5)}
    for unit in (people.alpha, people.beta):
        entered(unit, Month(2022, 6), rows, reviewer=people.reviewer)
    return by_name


def put(client: Client, where: str):
    """Rolled back, so that every caller meets the same month."""
    body = {"revision": 0, "rows": [{"field": "ho-tich", "counts": {"received_direct": 1}}]}
    with transaction.atomic():
        answer = client.put(
            where, json.dumps(body), content_type="application/json", headers={"Idempotency-Key": "k"}
        )
        written = Submission.objects.filter(month=JULY.number).exists()
        transaction.set_rollback(True)
    assert written == (answer.status_code == 200), where
    return answer


def expected(who, right: Right, unit) -> set[int]:
    """Allowed status codes; 409 and 404 for one's own group unit mean that it does not report."""
    scope = TokenScope.SUBMISSIONS if right is Right.READ else TokenScope.WRITE
    if isinstance(who, System) and scope not in who.token.granted:
        return {403}
    if unit is None or not is_allowed(who, Right.READ, unit, DAY):
        return {404}
    if not is_allowed(who, right, unit, DAY):
        return {403}
    return {200} if not unit.has_children else {404, 409}


def test_every_caller_on_every_unit(callers, people):
    units = {unit.code: unit for unit in (people.alpha, people.beta, people.district, people.province)}
    statuses: Counter[int] = Counter()
    for name, (client, who) in callers.items():
        unknown = set()
        for code in CODES:
            for right, ask, month in (
                (Right.READ, client.get, "2022-M06"),
                (Right.ENTER, lambda where, by=client: put(by, where), str(JULY)),
            ):
                answer = ask(f"/api/v1/submissions/{code}/{month}")
                who.__dict__.pop("_memberships", None)
                allowed = expected(who, right, units.get(code))
                assert answer.status_code in allowed, (name, code, right, answer.content.decode())
                if allowed == {404}:
                    unknown.add(answer.content)
                statuses[min(allowed)] += 1
        assert len(unknown) <= 1, name
    print(f"\n{sum(statuses.values())} cases: {dict(statuses)}")
    assert sum(statuses.values()) == len(callers) * len(CODES) * 2 and min(statuses.values()) >= 5
