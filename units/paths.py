"""Conditions on paths whose values go into the statement as they are: what units.compiled needs, and `subtree` of
units.models is not on PostgreSQL.

"/1/7/" and everything below it is what lies between "/1/7/" and "/1/70" byte by byte ("0" follows "/"). PostgreSQL has
operators of its own for that, which the index of prefixes serves whatever the language of the database.
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


def ends(path: str) -> tuple[str, str]:
    """Between which texts a unit's path and those of everything below it lie, the second one excluded."""
    return path, path[:-1] + "0"


def between(first: str, last: str, column: str = "path") -> Q:
    """Condition: a path lies between these `ends`."""
    return Q(**{f"{column}__from_path": first, f"{column}__before_path": last})
