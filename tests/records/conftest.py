"""A district with two communes, an office and an external body; their people and signed-in clients; July as a draft
and as sent. It is 12 August 2022.
"""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from django.test import Client

from accounts.models import User
from figures.periods import Month
from records.approval import actions as approval_actions
from records.locking import actions as locking_actions
from records.models import DossierCount, Field, FieldScope
from records.submissions import actions as submissions_actions
from tests.ledger.conftest import shared_database as shared_database
from units.models import Membership, Role, Tier, Unit, UnitKind
from units.tree import roster

AT = datetime(2022, 6, 15, 2, 0, tzinfo=UTC)
SINCE = date(2020, 7, 1)


def unit(code: str, tier: str, parent: Unit | None = None, kind: str = UnitKind.COMMITTEE, **more) -> Unit:
    """Add a unit; call `roster.rebuild()` after the last one."""
    made = Unit.objects.create(
        code=code,
        name=more.pop("name", f"Đơn vị {code}"),
        kind=kind,
        tier=tier,
        parent=parent,
        path="",
        depth=parent.depth + 1 if parent else 0,
        active_from=more.pop("active_from", SINCE),
        **more,
    )
    made.path = f"{parent.path if parent else '/'}{made.pk}/"
    made.save()
    if parent:
        Unit.objects.filter(pk=parent.pk).update(has_children=True, reports=False)
        parent.has_children, parent.reports = True, False
    return made


@pytest.fixture
def cast(db) -> SimpleNamespace:
    province = unit("35", Tier.PROVINCE)
    district = unit("351", Tier.DISTRICT, province)
    people = SimpleNamespace(province=province, district=district)
    people.alpha = unit("13441", Tier.COMMUNE, district)
    people.beta = unit("13450", Tier.COMMUNE, district)
    people.office = unit("van-phong", Tier.DISTRICT, district, UnitKind.OFFICE)
    people.land = unit("dat-dai", Tier.DISTRICT, district, UnitKind.EXTERNAL)
    roster.rebuild()
    people.clerk = User.objects.create(username="xa-13441")
    people.neighbour = User.objects.create(username="xa-13450")
    people.reviewer = User.objects.create(username="tonghop")
    return people


@pytest.fixture
def fields(db) -> SimpleNamespace:
    """Two fields of the communes; `chung-thuc` has no postal channel."""
    namespace = SimpleNamespace(chung=Field.objects.get(code=Field.UNDIVIDED))
    for order, (code, channels) in enumerate(
        [("chung-thuc", "direct online_partial online_full"), ("ho-tich", "")], start=1
    ):
        field = Field.objects.create(code=code, name=code, order=order)
        FieldScope.objects.create(field=field, tier=Tier.COMMUNE, channels=channels, valid_from=SINCE)
        setattr(namespace, code.replace("-", "_"), field)
    return namespace


def balanced(
    received: int, *, online: int = 0, postal: int | None = 0, late: int = 0
) -> dict[str, int | None]:
    """A complete row with a closed balance: everything received is resolved in the same month."""
    total = received + online + (postal or 0)
    return {
        "opening": 0,
        "received_direct": received,
        "received_online_partial": online,
        "received_online_full": 0,
        "received_postal": postal,
        "returned_direct": total,
        "returned_online": 0,
        "returned_postal": None if postal is None else 0,
        "resolved_early": 0,
        "resolved_on_time": total - late,
        "resolved_late": late,
        "withdrawn": 0,
        "pending_in_time": 0,
        "pending_late": 0,
        "awaiting": 0,
    }


def entered(
    unit_: Unit, month: Month, rows: dict, by=None, upto: str = "approved", reviewer=None, reasons=None
):
    """Enter a month of a unit up to a state: draft, sent or approved."""
    submission = submissions_actions.open_submission(unit_, month, by=by, at=AT)
    edition = submission.editions.last()
    edition = submissions_actions.save_counts(
        edition, rows, by=by, revision=edition.revision, at=AT, reasons=reasons
    )
    if upto in ("sent", "approved"):
        edition = submissions_actions.send_edition(edition, by=by, at=AT)
    if upto == "approved":
        edition = approval_actions.approve_edition(edition, by=reviewer, at=AT)
    return edition


def unlocked(submission, by=None, at: datetime = AT, reason: str = "Sửa"):
    """Unlock a month: requested without a user, granted by `by`."""
    unlock_request = locking_actions.request_unlock(submission, reason=reason, by=None, at=at)
    locking_actions.decide_unlock_request(unlock_request, grant=True, by=by, at=at)
    return submission.editions.order_by("number").last()


JULY = Month(2022, 7)


@pytest.fixture
def people(cast, fields) -> SimpleNamespace:
    """A user of every role by name. `owner` enters for alpha, `neighbour` for beta, `outsider` has another province."""
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
    """as_("clerk"): a client signed in as that user of `people`."""

    def signed_in(name: str) -> Client:
        client = Client()
        client.force_login(getattr(people, name), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


@pytest.fixture
def july(people):
    """Alpha's July, opened and empty."""
    return submissions_actions.open_submission(people.alpha, JULY, by=people.clerk, at=AT)


@pytest.fixture
def sent(people, fields, july):
    """Alpha's July, entered and sent by its clerk."""
    edition = july.editions.get()
    rows = {
        (fields.chung_thuc.pk, None): balanced(1240, online=20, postal=None),
        (fields.ho_tich.pk, None): balanced(30),
    }
    edition = submissions_actions.save_counts(edition, rows, by=people.clerk, revision=0, at=AT)
    submissions_actions.send_edition(edition, by=people.clerk, at=AT)
    return july


def cells(code: str, values: dict) -> dict[str, str]:
    """A row of the form as a browser posts it."""
    return {f"{code}-{name}": "" if value is None else str(value) for name, value in values.items()}


def stored(submission, code: str) -> DossierCount:
    return DossierCount.objects.get(edition__submission=submission, field__code=code)


def posted(submission, **more) -> dict[str, str]:
    """A form of the page with the current revision."""
    return {"revision": str(submission.editions.last().revision), **more}
