"""Conditions on tree paths as byte-wise ranges, which a prepared query can hold.

`subtree` of units.models cannot be prepared on PostgreSQL.
"""

from typing import Any

from django.db.models import CharField, Lookup, Q


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
    """Between which texts a unit's path and those of everything below it lie, the second one excluded."""
    return path, path[:-1] + "0"


def path_between(first: str, last: str, column: str = "path") -> Q:
    """Condition: a path lies between these `ends`."""
    return Q(**{f"{column}__from_path": first, f"{column}__before_path": last})
