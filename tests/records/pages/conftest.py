"""The cast of the room with its rights and signed-in browsers; in these tests it is 12 August 2022."""

from types import SimpleNamespace

import pytest
from django.test import Client

from accounts.models import User
from figures.periods import Month
from records.models import DossierCount
from records.submissions import actions
from tests.records.conftest import AT, SINCE, balanced
from units.models import Membership, Role

JULY = Month(2022, 7)


@pytest.fixture
def people(cast, fields) -> SimpleNamespace:
    """Every role: client by name. `owner` enters for alpha, `neighbour` for beta, `outsider` has another province."""
    cast.leader = User.objects.create(username="lanhdao", full_name="Lãnh đạo huyện")
    cast.viewer = User.objects.create(username="xem")
    cast.administrator = User.objects.create(username="quantri")
    cast.outsider = User.objects.create(username="ngoai")
    roles = [
        (cast.clerk, cast.alpha, Role.CLERK),
        (cast.neighbour, cast.beta, Role.CLERK),
        (cast.reviewer, cast.district, Role.REVIEWER),
        (cast.leader, cast.district, Role.LEADER),
        (cast.viewer, cast.alpha, Role.VIEWER),
        (cast.administrator, cast.province, Role.ADMINISTRATOR),
    ]
    for user, unit, role in roles:
        Membership.objects.create(user=user, unit=unit, role=role, valid_from=SINCE)
    return cast


@pytest.fixture
def as_(people):
    """as_("clerk") is a client signed in as that one of the cast."""

    def signed_in(name: str) -> Client:
        client = Client()
        client.force_login(getattr(people, name), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


@pytest.fixture
def july(people):
    """Alpha's July, opened and empty."""
    return actions.open_submission(people.alpha, JULY, by=people.clerk, at=AT)


@pytest.fixture
def sent(people, fields, july):
    """Alpha's July, entered and sent by its clerk."""
    edition = july.editions.get()
    rows = {
        (fields.chung_thuc.pk, None): balanced(1240, online=20, postal=None),
        (fields.ho_tich.pk, None): balanced(30),
    }
    edition = actions.save_counts(edition, rows, by=people.clerk, revision=0, at=AT)
    actions.send_edition(edition, by=people.clerk, at=AT)
    return july


def cells(code: str, values: dict) -> dict[str, str]:
    """A row of the form as a browser posts it."""
    return {f"{code}-{name}": "" if value is None else str(value) for name, value in values.items()}


def stored(submission, code: str) -> DossierCount:
    return DossierCount.objects.get(edition__submission=submission, field__code=code)


def posted(submission, **more) -> dict[str, str]:
    """A form of the page as it stands now."""
    return {"revision": str(submission.editions.last().revision), **more}
