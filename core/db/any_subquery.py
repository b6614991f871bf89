"""Stops PostgreSQL from turning `IN (subquery)` into a join."""

from django.db.models import BooleanField, F, Func, QuerySet, Subquery


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
        """In SQL for PostgreSQL."""
        return self.as_sql(compiler, connection, template="%(expressions)s)", arg_joiner=" = ANY(ARRAY")
