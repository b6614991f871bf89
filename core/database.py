"""SQL beyond Django's querysets: prepared queries, statements with lists, ranges of paths, snapshots, table
statistics.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection, models, transaction
from django.db.models import BooleanField, CharField, DateField, F, Func, Lookup, Q, QuerySet, Subquery
from django.db.models.query import ModelIterable, ValuesListIterable, get_related_populators
from django.db.transaction import TransactionManagementError

_KINDS = (int, str, date, datetime, list)
# Statements that are kept of one question: one for each number of members of its lists.
_MOST_PLANS = 500
# And members of the lists of all of them together: some ten megabytes.
_MOST_MEMBERS = 100_000
_LEAST, _MOST = -(2**63), 2**63 - 1


class PreparedQuery:
    """`build` makes the queryset of values of these kinds: int, str, date, aware datetime, or a list of different int.

    It is called once for each kind of database and length of list, with values that stand for those to come.
    Each value must go into the statement as it is: no text that Django changes (`__startswith`).
    """

    def __init__(self, build: Callable[..., QuerySet], *kinds: type) -> None:
        if not set(kinds) <= set(_KINDS):
            raise TypeError("values may be int, str, date, datetime or list")
        self._build, self._kinds = build, kinds
        self._plans: dict[tuple, _PreparedPlan] = {}
        self._members = 0

    def __call__(self, *values: Any) -> list:
        """The answer in full; nothing for a number that no column can hold. Errors: TransactionManagementError for a
        locking question outside a transaction.
        """
        key = connection.vendor, *(len(value) for value in values if type(value) is list)
        plan = self._plans.get(key)
        if plan is None:
            self._members += sum(key[1:])
            if len(self._plans) >= _MOST_PLANS or self._members > _MOST_MEMBERS:
                self._plans.clear()
                self._members = sum(key[1:])
            plan = self._plans[key] = _plan(self._build, self._kinds, key[1:])
        if len(key) > 1:
            values = list(_flat(values))
        if any(isinstance(value, int) and not _LEAST <= value <= _MOST for value in values):
            return []
        if plan.locks and not connection.in_atomic_block:
            raise TransactionManagementError(
                "a question that locks must be asked inside transaction.atomic()"
            )
        with connection.cursor() as cursor:
            cursor.execute(plan.statement, plan.filled(values))
            return list(plan.read(cursor.fetchall()))

    def first(self, *values: Any) -> Any:
        """The first row; None if there is none."""
        return next(iter(self(*values)), None)


@dataclass(frozen=True)
class _PreparedPlan:
    statement: str
    # What is filled in, in order: a value of its own, or the place of one to come and how the database takes it.
    params: tuple[tuple[int | None, Any], ...]
    read: Callable[[list[tuple]], Iterable]
    locks: bool

    def filled(self, values: Sequence[Any]) -> list[Any]:
        return [
            own_or_adapt if place is None else own_or_adapt(values[place])
            for place, own_or_adapt in self.params
        ]


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    """The values with the members of lists in their place."""
    for value in values:
        if type(value) is list:
            yield from value
        else:
            yield value


def _plan(build: Callable[..., QuerySet], asked: Sequence[type], lengths: Sequence[int]) -> _PreparedPlan:
    left = iter(lengths)
    shape = [next(left) if kind is list else None for kind in asked]
    kinds = list(
        _flat([kind if size is None else [int] * size for kind, size in zip(asked, shape, strict=True)])
    )
    marks = [_mark(kind, place) for place, kind in enumerate(kinds)]
    rest = iter(marks)
    given = [next(rest) if size is None else [next(rest) for _ in range(size)] for size in shape]
    queryset = build(*given)
    compiler = queryset.query.get_compiler(using=queryset.db)
    statement, found = compiler.as_sql()
    adapts = [_adapt(kind) for kind in kinds]
    taken = {adapt(mark): place for place, (adapt, mark) in enumerate(zip(adapts, marks, strict=True))}
    params = tuple((taken[one], adapts[taken[one]]) if one in taken else (None, one) for one in found)
    if {place for place, _ in params} - {None} != set(range(len(kinds))):
        raise TypeError("a value did not come through into the statement as it was")
    return _PreparedPlan(statement, params, _reader(queryset, compiler), queryset.query.select_for_update)


def _mark(kind: type, place: int) -> Any:
    """A placeholder value."""
    day = date(1000, 1, 1) + timedelta(place)
    return {
        int: 2_000_000_000 + place,
        str: f"\x1a{place}",
        date: day,
        datetime: datetime(day.year, day.month, day.day, tzinfo=UTC),
    }[kind]


def _adapt(kind: type) -> Callable[[Any], Any]:
    """A value as a parameter of the database."""
    return {
        int: int,
        str: str,
        date: connection.ops.adapt_datefield_value,
        datetime: connection.ops.adapt_datetimefield_value,
    }[kind]


def _reader(queryset: QuerySet, compiler: Any) -> Callable[[list[tuple]], Iterable]:
    """Makes of rows what the queryset makes of them."""
    converters = compiler.get_converters([one[0] for one in compiler.select[: compiler.col_count]])

    def converted(rows: list[tuple]) -> Iterable[tuple]:
        if not converters or not rows:
            return rows
        columns = list(zip(*rows, strict=True))
        for place, (several, expression) in converters.items():
            columns[place] = _column(columns[place], several, expression, compiler.connection)
        return zip(*columns, strict=True)

    if queryset._iterable_class is ValuesListIterable:
        return converted
    if queryset._iterable_class is not ModelIterable or compiler.annotation_col_map:
        raise TypeError("only models and values_list are read")
    return _models(queryset, compiler, converted)


def _column(values: Sequence, converters: Sequence[Callable], expression: Any, database: Any) -> Sequence:
    """One column of an answer, by Django's converters."""
    alike = isinstance(expression.output_field, DateField | BooleanField)
    # Hundreds of units have a handful of days between them: each is made of its text but once.
    told = list(set(values) if alike else values)
    made = told
    for convert in converters:
        made = [convert(value, expression, database) for value in made]
    return [*map(dict(zip(told, made, strict=True)).__getitem__, values)] if alike else made


def _models(queryset: QuerySet, compiler: Any, converted: Callable) -> Callable[[list[tuple]], Iterator]:
    model = compiler.klass_info["model"]
    places = compiler.klass_info["select_fields"]
    names = [one[0].target.attname for one in compiler.select[places[0] : places[-1] + 1]]
    own = itemgetter(slice(places[0], places[-1] + 1))
    related = get_related_populators(compiler.klass_info, compiler.select, queryset.db)

    def read(rows: list[tuple]) -> Iterator:
        for row in converted(rows):
            one = model.from_db(queryset.db, names, own(row))
            for populator in related:
                populator.populate(row, one)
            yield one

    return read


_BRACES = re.compile(r"\{(\w+)\}")
# Longer lists are written out: databases take only so many parameters.
_MAX_PARAMETERS = 100


class ListStatement(NamedTuple):
    """Its text and the numbers that it is given. SQLite keeps what it made of a text, so two savings share it."""

    text: str
    given: tuple[int, ...]


def fill_lists(text: str, **lists: Sequence[int]) -> ListStatement:
    """The statement with its lists in place of their names in braces."""
    sizes = tuple(sorted((name, len(numbers)) for name, numbers in lists.items()))
    found, names = _marked(text, sizes)
    for name, size in sizes:
        if size > _MAX_PARAMETERS:
            found = found.replace(f"{{{name}}}", ", ".join(map(str, lists[name])))
    return ListStatement(found, tuple(number for name in names for number in lists[name]))


@lru_cache(maxsize=256)
def _marked(text: str, sizes: tuple[tuple[str, int], ...]) -> tuple[str, list[str]]:
    """The text with a mark for each number of its short lists, and their names in the order of the text."""
    short = {name: ", ".join(["%s"] * size) for name, size in sizes if size <= _MAX_PARAMETERS}
    names = [name for name in _BRACES.findall(text) if name in short]
    return _BRACES.sub(lambda found: short.get(found[1], found[0]), text), names


def execute_statements(statements: Iterable[ListStatement]) -> None:
    """Each sees what those before it wrote. On PostgreSQL in one message: whoever waits for the rows that are locked
    here does not wait for each way there and back as well.
    """
    several = list(statements)
    if connection.vendor == "postgresql":
        text = ";\n".join(one.text for one in several)
        several = (
            [ListStatement(text, tuple(number for one in several for number in one.given))] if several else []
        )
    with connection.cursor() as cursor:
        for one in several:
            cursor.execute(*one)


class AnySubquery(Func):
    """`filter(Among("edition", editions.values("pk")))`: as `edition__in=`, but what is asked inside is answered first
    and by itself, in any database.

    PostgreSQL makes joins of IN. Where it takes the tables for empty (filled after it looked at them last) every order
    and way of joining costs it the same, and it may go through all pairs of two tables, for minutes. An array has to
    stand before it is looked for, one number after the other in an index.
    """

    output_field = BooleanField()
    template = "%(expressions)s"
    arg_joiner = " IN "

    def __init__(self, column: str, numbers: QuerySet) -> None:
        super().__init__(F(column), Subquery(numbers))

    def as_postgresql(self, compiler, connection):
        return self.as_sql(compiler, connection, template="%(expressions)s)", arg_joiner=" = ANY(ARRAY")


class _Bytewise(Lookup):
    operator = ""

    def as_sql(self, compiler: Any, connection: Any, sign: str = "") -> tuple[str, tuple]:
        left, given = self.process_lhs(compiler, connection)
        right, more = self.process_rhs(compiler, connection)
        return f"{left} {sign or self.operator} {right}", (*given, *more)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple]:
        return self.as_sql(compiler, connection, f"~{self.operator}~")


@CharField.register_lookup
class _From(_Bytewise):
    lookup_name, operator = "from_path", ">="


@CharField.register_lookup
class _Before(_Bytewise):
    lookup_name, operator = "before_path", "<"


def path_bounds(path: str) -> tuple[str, str]:
    """Bounds of the paths of a unit and of everything below it, the second one exclusive."""
    return path, path[:-1] + "0"


def path_between(first: str, last: str, column: str = "path") -> Q:
    """Condition: a path lies between these `ends`."""
    return Q(**{f"{column}__from_path": first, f"{column}__before_path": last})


@contextmanager
def snapshot() -> Iterator[None]:
    """A read-only snapshot, also as a decorator. Inside a transaction of the caller it has no effect."""
    with ExitStack() as within:
        if not connection.in_atomic_block:
            if connection.vendor == "sqlite":
                within.enter_context(connection.reading())
            within.enter_context(transaction.atomic())
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def batched(rows: Iterable, size: int) -> Iterator[list]:
    """The rows in lists of at most `size` (itertools has it from Python 3.12 on)."""
    rest = iter(rows)
    while chunk := list(islice(rest, size)):
        yield chunk


def analyze_tables(*tables: type[models.Model]) -> None:
    """Let PostgreSQL look at these tables, or at all of them without any named; SQLite plans by its indexes alone.

    Its own search comes a minute or more later, and never within a transaction. Until then it plans by what it knew
    before: of tables that held nothing when it looked, ways that take minutes.
    """
    if connection.vendor != "postgresql":
        return
    named = ", ".join(connection.ops.quote_name(table._meta.db_table) for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {named}".rstrip())
