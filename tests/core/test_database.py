"""PreparedQuery returns what Django's own query does, with any values, in any thread."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from core import database
from core.database import _MAX_PARAMETERS, PreparedQuery, fill_lists
from ledger import log
from ledger.models import Entry, IdempotencyKey
from units.models import Membership, Role, Unit

DAY = date(2022, 6, 14)


@pytest.fixture
def people(tree) -> list[User]:
    users = [User.objects.create(username=f"p{number}", date_joined=AT) for number in range(3)]
    for user in users:
        Membership.objects.create(
            user=user, unit=tree.tan_thanh, role=Role.CLERK, valid_from=date(2022, 6, 1 + user.pk % 20)
        )
    return users


AT = datetime(2022, 6, 14, 1, 2, 3, tzinfo=UTC)


@pytest.mark.django_db
def test_models_with_related_ones(people, django_assert_num_queries):
    def build(user, day):
        return Membership.objects.filter(user=user).valid_on(day).select_related("unit__parent")

    query = PreparedQuery(build, int, date)
    for user in people:
        for day in (DAY, date(2021, 1, 1), date(2030, 1, 1)):
            expected = list(build(user.pk, day))
            with django_assert_num_queries(1):
                rows = query(user.pk, day)
                assert [row.unit.parent.name for row in rows] == [row.unit.parent.name for row in expected]
            assert rows == expected
            assert [row.__dict__.keys() for row in rows] == [row.__dict__.keys() for row in expected]


@pytest.mark.django_db
def test_times_texts_and_rows(people):
    def build(name, at):
        return User.objects.filter(username=name, date_joined__lte=at).values_list(
            "pk", "date_joined", "is_active"
        )

    query = PreparedQuery(build, str, datetime)
    for name in ("p1", "p2", "x", "%s", "'"):
        for at in (AT, datetime(2020, 1, 1, tzinfo=UTC)):
            assert query(name, at) == list(build(name, at))
    assert query.first("p1", AT) == (people[1].pk, AT, True)
    assert query.first("x", AT) is None


@pytest.mark.django_db
def test_days_and_yes_or_no_that_recur_are_as_django_reads_them(tree):
    def build(day):
        rows = Unit.objects.filter(active_from__lte=day).order_by("pk")
        return rows.values_list("active_until", "pk", "reports", "active_from", "has_children")

    query, expected = PreparedQuery(build, date), list(build(DAY))
    assert {type(value) for row in expected for value in row} == {type(None), int, bool, date}
    assert len({row[3] for row in expected}) < len(expected)
    rows = list(query(DAY))
    assert rows == expected and {type(row) for row in rows} == {tuple}
    assert [[type(value) for value in row] for row in rows] == [
        [type(value) for value in row] for row in expected
    ]
    assert query(date(1, 1, 1)) == []


@pytest.mark.django_db
def test_a_number_that_no_column_holds_is_found_nowhere():
    query = PreparedQuery(lambda pk: Unit.objects.filter(pk=pk), int)
    assert [query(number) for number in (2**63, 10**400, -(2**63) - 1, 2**63 - 1)] == [[]] * 4


def test_what_locks_needs_a_transaction(transactional_db):
    query = PreparedQuery(lambda pk: Unit.objects.select_for_update().filter(pk=pk), int)
    with transaction.atomic():
        assert query(1) == []
    with pytest.raises(TransactionManagementError):
        query(1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("build", "kinds"),
    [
        (lambda text: Unit.objects.filter(name__startswith=text), (str,)),
        (lambda pk: Unit.objects.all(), (int,)),
        (lambda: Unit.objects.values("pk"), ()),
    ],
)
def test_what_cannot_be_prepared_is_refused(build, kinds):
    with pytest.raises(TypeError):
        PreparedQuery(build, *kinds)(*("x" if kind is str else 1 for kind in kinds))


def test_a_value_of_another_kind_is_refused():
    with pytest.raises(TypeError):
        PreparedQuery(lambda ids: Unit.objects.filter(pk__in=ids), set)


@pytest.mark.django_db
def test_lists_of_any_length_between_other_values(people, tree):
    def build(day, units, role):
        return Membership.objects.filter(valid_from__lte=day, unit__in=units, role=role).order_by("pk")

    query = PreparedQuery(build, date, list, str)
    units = [tree.tan_thanh.pk, tree.liem_tuc.pk, tree.office.pk, 2**62]
    for length in (1, 3, 2, 4):
        for selected in (units[:length], units[-length:]):
            for role in (Role.CLERK, Role.VIEWER):
                assert query(DAY, selected, role) == list(build(DAY, selected, role))
    assert len(query._plans) == 4
    assert query(DAY, [2**63], Role.CLERK) == []


def test_plans_of_long_lists_are_limited(people, monkeypatch):
    """Each length has its own statement, as long as its list."""
    monkeypatch.setattr(database, "_MOST_MEMBERS", 10)
    query = PreparedQuery(lambda numbers: User.objects.filter(pk__in=numbers).order_by("pk"), list)
    ids = [person.pk for person in people]
    for length in range(len(ids), 20):
        assert query([*ids, *range(-length, -len(ids))]) == people
        assert sum(lengths[1] for lengths in query._plans) <= max(10, length)


def test_many_threads_ask_with_connections_of_their_own(transactional_db):
    query = PreparedQuery(lambda name: User.objects.filter(username=name), str)

    def ask(number: int) -> list:
        try:
            return query(f"nobody-{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(20))) == [[]] * 20


TEXT = "DELETE FROM a WHERE u IN ({groups}) AND m IN ({months}) OR p IN ({groups})"
numbers = st.lists(st.integers(1, 10**6), min_size=1, max_size=4)
long = st.integers(_MAX_PARAMETERS + 1, _MAX_PARAMETERS + 3).map(lambda size: list(range(size)))


@given(numbers | long, numbers | long)
def test_equals_the_lists_written_out(groups, months):
    statement = fill_lists(TEXT, groups=groups, months=months)
    written = {"groups": ", ".join(map(str, groups)), "months": ", ".join(map(str, months))}
    assert statement.text % statement.params == TEXT.format(**written)
    assert len(statement.params) == sum(
        len(ids) for ids in (groups, groups, months) if len(ids) <= _MAX_PARAMETERS
    )


def test_one_text_serves_all_lists_of_a_length():
    assert len({fill_lists(TEXT, groups=[group], months=[202201]).text for group in range(5)}) == 1


@pytest.mark.django_db
def test_the_planner_knows_the_rows_of_the_tables_named():
    with transaction.atomic():
        for number in range(30):
            log.append("test.act", by=None, subject=str(number), detail={})
    with CaptureQueriesContext(connection) as queries:
        database.analyze_tables(Entry, IdempotencyKey)
        database.analyze_tables()
    statements = [query["sql"] for query in queries]
    if connection.vendor == "sqlite":
        assert statements == []
        return
    assert statements == ['ANALYZE "ledger_entry", "ledger_idempotencykey"', "ANALYZE"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'ledger_entry'")
        assert cursor.fetchone() == (Entry.objects.count(),)
