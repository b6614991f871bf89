"""Reading figures is consistent: an approval between two queries shows in all figures or in none."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, product

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import User
from figures.periods import Period
from records.approval import actions
from records.models import Edition
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from tests.ledger.conftest import shared_database as shared_database
from tests.records.conftest import AT, SINCE, balanced, entered
from tests.records.conftest import cast as cast
from tests.records.conftest import fields as fields
from tests.records.submissions.test_parallel import apart, at_once
from units.models import Membership, Role

HALF = Period.parse("2022-H1")
MONTHS = Period.parse("2021-M01..2022-M06").months
# Differ in each rendering of the same page.
_OF_ONE_ANSWER = re.compile(rb'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"')


@pytest.fixture
def waiting(cast, fields, shared_database) -> list[int]:
    """Ids of sent editions, the latest last; approving one changes the half-year or last year's."""

    def send() -> Iterator[int]:
        for month, unit in product(MONTHS[::-1], (cast.alpha, cast.beta, cast.office)):
            rows = {(fields.chung.pk, None): balanced(month.month, online=1)}
            yield entered(unit, month, rows, upto="sent").pk

    return apart(lambda: list(send()))[::-1]


@pytest.fixture
def reader(cast, shared_database) -> Client:
    def sign_in() -> Client:
        user = User.objects.create(username="lanh-dao")
        Membership.objects.create(user=user, unit=cast.province, role=Role.VIEWER, valid_from=SINCE)
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client

    return apart(sign_in)


def never_mixed(read: Callable[[], object], waiting: list[int]) -> int:
    """Reads repeatedly, with an approval before the first, second, … query; how often the result changed."""
    before, changes = apart(read), 0
    for place in count():
        meanwhile, queries = apart(partial(disturbed, read, place, waiting))
        if queries <= place:
            return changes
        then = apart(read)
        assert meanwhile in (before, then), f"mixed after an approval before query {place + 1}"
        changes += before != then
        before = then


def disturbed(read: Callable[[], object], place: int, waiting: list[int]) -> tuple[object, int]:
    """The result and its number of queries, while another thread approves a month before query number `place`."""
    queries = count()

    def approve_before(execute, sql, params, many, context):
        if next(queries) == place:
            at_once(approve, waiting.pop())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(approve_before):
        return read(), next(queries)


def approve(number: int) -> None:
    actions.approve_edition(Edition.objects.get(pk=number), by=None, at=AT)


@pytest.mark.parametrize("by", [None, "unit", "field", "month"])
@pytest.mark.parametrize("place", ["province", "district"])
def test_a_summary_is_of_one_moment(cast, waiting, place, by):
    unit = getattr(cast, place)
    assert never_mixed(lambda: summary(FiguresQuery(unit, HALF, by=by)).as_dict(), waiting) > 2


@pytest.mark.parametrize("address", ["/", "/reports/dashboard.csv", "/reports/charts/channels.json"])
def test_what_a_reader_gets_is_of_one_moment(cast, waiting, reader, address):
    def read() -> bytes:
        cache.clear()
        response = reader.get(f"{address}?unit=35&period=2022-H1")
        assert response.status_code == 200
        return _OF_ONE_ANSWER.sub(b"", response.content)

    assert never_mixed(read, waiting) > 2
