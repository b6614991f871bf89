"""SQL statements that take lists of numbers, and how several of them run one after the other."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

_BRACES = re.compile(r"\{(\w+)\}")
# Longer lists are written out: databases take only so many parameters.
_MAX_PARAMETERS = 100


class ListStatement(NamedTuple):
    """Its text and the numbers that it is given. SQLite keeps what it made of a text, so two savings share it."""

    text: str
    given: tuple[int, ...]


def fill_lists(text: str, **lists: Sequence[int]) -> ListStatement:
    """The statement with its lists in the place of their names in braces, one time or several."""
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
