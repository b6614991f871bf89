"""A dashboard takes the same number of queries whatever the number of units, months and fields (P6)."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from figures.periods import Month
from figures.tally import Tally
from records.models import DossierCount, Edition, Field, FieldScope, Submission
from records.storage import set_tally_columns
from records.stored_sums import group_sums
from units.models import Membership, Role, Tier, Unit, UnitKind
from units.tree import roster

AT = datetime(2022, 6, 16, tzinfo=UTC)
# (communes, months up to June 2022, fields)
SIZES = [(2, 6, 2), (9, 12, 4), (25, 24, 8)]
ADDRESSES = [
    "/?unit=q351&period=2022-H1",
    "/?unit=q351&period=2022-H1&by=field",
    "/?unit=q351&period=2022-H1&by=month",
    "/?unit=q351&period=2022-H1&by=unit&field=f0",
    "/?unit=c0&period=2022-H1",
    "/reports/dashboard.xlsx?unit=q351&period=2022-H1",
    "/api/v1/summary?unit=q351&period=2022-H1&by=unit",
]


def unit(code: str, tier: str, parent: Unit | None) -> Unit:
    made = Unit.objects.create(
        code=code,
        name=f"Đơn vị {code}",
        kind=UnitKind.COMMITTEE,
        tier=tier,
        parent=parent,
        path="",
        depth=parent.depth + 1 if parent else 0,
        active_from=date(2015, 1, 1),
        has_children=tier == Tier.DISTRICT,
        reports=tier != Tier.DISTRICT,
    )
    made.path = f"{parent.path if parent else '/'}{made.pk}/"
    made.save()
    return made


def district(communes: int, months: int, fields: int) -> None:
    """A district whose communes reported every month in every field."""
    top = unit("q351", Tier.DISTRICT, None)
    catalogue = [Field.objects.create(code=f"f{n}", name=f"Lĩnh vực {n}", order=n) for n in range(fields)]
    for field in catalogue:
        FieldScope.objects.create(field=field, tier=Tier.COMMUNE, valid_from=date(2015, 1, 1))
    below = [unit(f"c{n}", Tier.COMMUNE, top) for n in range(communes)]
    roster.rebuild()
    last = Month(2022, 6)
    run = Month.range(last.plus(1 - months), last)
    tally = Tally.of({"received_direct": 3, "received_online_full": 1, "resolved_on_time": 4})
    for commune in below:
        for month in run:
            submission = Submission.objects.create(unit=commune, month=month.number, due_on=date(2022, 6, 16))
            edition = Edition(submission=submission, number=1, state="approved", sent_at=AT, decided_at=AT)
            set_tally_columns(edition, Tally.total([tally] * fields))
            edition.save()
            rows = [DossierCount(edition=edition, field=field, answered=True) for field in catalogue]
            for row in rows:
                set_tally_columns(row, tally)
            DossierCount.objects.bulk_create(rows)
    group_sums.refresh_group_sums(below, [month.number for month in run])
    user = User.objects.create_user("reader", password="x")
    Membership.objects.create(user=user, unit=top, role=Role.VIEWER, valid_from=date(2015, 1, 1))


def queries_of(client: Client, address: str) -> int:
    client.get(address)  # the session's own first write
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200
    return len(queries)


def counts_at(size: tuple[int, int, int]) -> dict[str, int]:
    """Queries per address with a district of this size, which is rolled back."""
    with transaction.atomic():
        district(*size)
        client = Client()
        reader = User.objects.get(username="reader")
        client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
        counts = {address: queries_of(client, address) for address in ADDRESSES}
        transaction.set_rollback(True)
    return counts


@pytest.mark.django_db
def test_the_number_of_queries_is_fixed():
    small, *larger = [counts_at(size) for size in SIZES]
    assert all(counts == small for counts in larger), (small, larger)
    assert small[ADDRESSES[0]] <= 15
    assert max(small.values()) <= 22
