"""SQL beyond Django's querysets: prepared queries, statements with lists, path ranges, snapshots, ANALYZE."""

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
# Limits of the cache of one query, which has a statement for each length of its lists, and of the total length of the
# lists (some ten megabytes).
_MOST_PLANS = 500
_MOST_MEMBERS = 100_000
_LEAST, _MOST = -(2**63), 2**63 - 1


class PreparedQuery:
    """Caches the SQL of the queryset that `build` makes from values of these kinds: int, str, date, aware datetime, or
    a list of distinct int.

    `build` is called once per database vendor and length of list, with placeholder values. Each value must be a
    parameter unchanged: no lookup that changes it (`__startswith`).
    """

    def __init__(self, build: Callable[..., QuerySet], *kinds: type) -> None:
        if not set(kinds) <= set(_KINDS):
            raise TypeError("values may be int, str, date, datetime or list")
        self._build, self._kinds = build, kinds
        self._plans: dict[tuple, _PreparedPlan] = {}
        self._members = 0

    def __call__(self, *values: Any) -> list:
        """All rows; empty for a number beyond 64 bits. Errors: TransactionManagementError for a locking query outside a
        transaction.
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
            raise TransactionManagementError("a query that locks needs transaction.atomic()")
        with connection.cursor() as cursor:
            cursor.execute(plan.statement, plan.filled(values))
            return list(plan.read(cursor.fetchall()))

    def first(self, *values: Any) -> Any:
        """The first row; None if there is none."""
        return next(iter(self(*values)), None)


@dataclass(frozen=True)
class _PreparedPlan:
    statement: str
    # Parameters in order: (None, constant), or the index of the value and its adapter.
    params: tuple[tuple[int | None, Any], ...]
    read: Callable[[list[tuple]], Iterable]
    locks: bool

    def filled(self, values: Sequence[Any]) -> list[Any]:
        return [
            own_or_adapt if place is None else own_or_adapt(values[place])
            for place, own_or_adapt in self.params
        ]


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    """The values with lists replaced by their members."""
    for value in values:
        if type(value) is list:
            yield from value
        else:
            yield value


def _plan(
    build: Callable[..., QuerySet], value_kinds: Sequence[type], lengths: Sequence[int]
) -> _PreparedPlan:
    remaining_lengths = iter(lengths)
    shape = [next(remaining_lengths) if kind is list else None for kind in value_kinds]
    kinds = list(
        _flat([kind if size is None else [int] * size for kind, size in zip(value_kinds, shape, strict=True)])
    )
    marks = [_mark(kind, place) for place, kind in enumerate(kinds)]
    rest = iter(marks)
    arguments = [next(rest) if size is None else [next(rest) for _ in range(size)] for size in shape]
    queryset = build(*arguments)
    compiler = queryset.query.get_compiler(using=queryset.db)
    statement, statement_params = compiler.as_sql()
    adapts = [_adapt(kind) for kind in kinds]
    place_of = {adapt(mark): place for place, (adapt, mark) in enumerate(zip(adapts, marks, strict=True))}
    params = tuple(
        (place_of[param], adapts[place_of[param]]) if param in place_of else (None, param)
        for param in statement_params
    )
    if {place for place, _ in params} - {None} != set(range(len(kinds))):
        raise TypeError("a value did not become a parameter of the statement unchanged")
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
    """Converts a value to a parameter of the database."""
    return {
        int: int,
        str: str,
        date: connection.ops.adapt_datefield_value,
        datetime: connection.ops.adapt_datetimefield_value,
    }[kind]


def _reader(queryset: QuerySet, compiler: Any) -> Callable[[list[tuple]], Iterable]:
    """Converts rows as the queryset does."""
    converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])

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
    """One column of the rows, converted by Django's converters."""
    alike = isinstance(expression.output_field, DateField | BooleanField)
    # Hundreds of rows have only a few different days: converts each once.
    distinct = list(set(values) if alike else values)
    converted = distinct
    for convert in converters:
        converted = [convert(value, expression, database) for value in converted]
    return [*map(dict(zip(distinct, converted, strict=True)).__getitem__, values)] if alike else converted


def _models(queryset: QuerySet, compiler: Any, converted: Callable) -> Callable[[list[tuple]], Iterator]:
    model = compiler.klass_info["model"]
    places = compiler.klass_info["select_fields"]
    names = [column[0].target.attname for column in compiler.select[places[0] : places[-1] + 1]]
    own = itemgetter(slice(places[0], places[-1] + 1))
    related = get_related_populators(compiler.klass_info, compiler.select, queryset.db)

    def read(rows: list[tuple]) -> Iterator:
        for row in converted(rows):
            instance = model.from_db(queryset.db, names, own(row))
            for populator in related:
                populator.populate(row, instance)
            yield instance

    return read


_BRACES = re.compile(r"\{(\w+)\}")
# Longer lists are inlined: databases limit the number of parameters.
_MAX_PARAMETERS = 100


class ListStatement(NamedTuple):
    """A statement and its parameters. The text is stable, so SQLite reuses the prepared statement."""

    text: str
    params: tuple[int, ...]


def fill_lists(text: str, **lists: Sequence[int]) -> ListStatement:
    """The statement with names in braces replaced by these lists."""
    sizes = tuple(sorted((name, len(numbers)) for name, numbers in lists.items()))
    filled, names = _marked(text, sizes)
    for name, size in sizes:
        if size > _MAX_PARAMETERS:
            filled = filled.replace(f"{{{name}}}", ", ".join(map(str, lists[name])))
    return ListStatement(filled, tuple(number for name in names for number in lists[name]))


@lru_cache(maxsize=256)
def _marked(text: str, sizes: tuple[tuple[str, int], ...]) -> tuple[str, list[str]]:
    """The text with a placeholder for each number of its short lists, and their names in order of occurrence."""
    short = {name: ", ".join(["%s"] * size) for name, size in sizes if size <= _MAX_PARAMETERS}
    names = [name for name in _BRACES.findall(text) if name in short]
    return _BRACES.sub(lambda match: short.get(match[1], match[0]), text), names


def execute_statements(statements: Iterable[ListStatement]) -> None:
    """Run statements in order. On PostgreSQL in one message, so that locks are not held during several round trips."""
    several = list(statements)
    if connection.vendor == "postgresql":
        text = ";\n".join(statement.text for statement in several)
        several = (
            [ListStatement(text, tuple(number for statement in several for number in statement.params))]
            if several
            else []
        )
    with connection.cursor() as cursor:
        for statement in several:
            cursor.execute(*statement)


class AnySubquery(Func):
    """`filter(AnySubquery("edition", editions.values("pk")))`: like `edition__in=`, but evaluates the subquery first.

    PostgreSQL turns IN into a join. If its statistics say that the tables are empty (filled since the last ANALYZE),
    every plan seems equally cheap, and it may choose a nested loop that takes minutes. An array must be computed before
    the index is searched for its members.
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
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} {sign or self.operator} {right}", (*left_params, *right_params)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple]:
        return self.as_sql(compiler, connection, f"~{self.operator}~")


@CharField.register_lookup
class _From(_Bytewise):
    lookup_name, operator = "from_path", ">="


@CharField.register_lookup
class _Before(_Bytewise):
    lookup_name, operator = "before_path", "<"


def path_bounds(path: str) -> tuple[str, str]:
    """Bounds of the paths of a unit and its descendants, the second one exclusive."""
    return path, path[:-1] + "0"


def path_between(first: str, last: str, column: str = "path") -> Q:
    """Condition that a path lies within `path_bounds`."""
    return Q(**{f"{column}__from_path": first, f"{column}__before_path": last})


@contextmanager
def snapshot() -> Iterator[None]:
    """A read-only snapshot, also as a decorator; no effect inside a transaction."""
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
    """ANALYZE these tables, or all without any named, on PostgreSQL; no effect on SQLite.

    Autovacuum runs a minute or more after the commit. Until then, plans for tables that were empty before can take
    minutes.
    """
    if connection.vendor != "postgresql":
        return
    named = ", ".join(connection.ops.quote_name(table._meta.db_table) for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {named}".rstrip())
