"""Which SQL statements each test sends: finds the tests of which a second run on PostgreSQL tells nothing new.

`scripts/with-postgres .venv/bin/python -m pytest -p tests.support.statement_shapes -n 2 -m "database and not browser"
--junitxml=build/test/shapes.xml` runs all of them there and writes build/test/shapes-*.json. Then
`python -m tests.support.statement_shapes` prints the lines of tests/support/sqlite_only.txt. Tests that run in
transactions of their own or compare plans are not listed.
"""

import json
import re
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

FOLDER = Path("build/test")
# Seconds of a test, with all its parameters, from which it is worth a line.
WORTH = 0.5
_PLAIN = re.compile(
    r'(INSERT INTO|UPDATE|DELETE FROM) "\w+"|EXPLAIN|SAVEPOINT|RELEASE|ROLLBACK|SET |DECLARE|FETCH|LOCK'
    r"|SELECT (?!.*(CASE|EXISTS|UNION|WITH|OVER|GROUP BY|COALESCE|INNER JOIN|LEFT OUTER JOIN|::|DISTINCT))"
)
_TRANSACTIONS = {"transactional_db", "live_server", "shared_database", "vacuumed_tables"}
_test = ""
_sent: dict[str, set[str]] = defaultdict(set)


@lru_cache(maxsize=20_000)
def shape(sql: str) -> str:
    """The statement without its values: two statements of one shape differ in numbers, texts and list lengths. Empty
    for a plain read or write of the ORM, which is the same on each database.
    """
    if _PLAIN.match(sql):
        return ""
    sql = re.sub(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b|%s|%\(\w+\)s|(?<== )NULL\b|\bNULL(?=[,)])", "?", sql)
    sql = re.sub(r"\b(?:s\d+_x\d+|_django_curs_\w+)\b", "name", sql)
    for repeated in (
        r"(\?)(?:,\s*\?)+",
        r"(\([^()]*\))(?:(?:,| OR| AND)\s*\1)+",
        r"(WHEN [^()]*\([^()]*\) THEN \?)(?:\s+\1)+",
    ):
        sql = re.sub(repeated, r"\1", sql)
    return sql


def pytest_configure() -> None:
    from django.db.backends.utils import CursorWrapper

    execute, executemany = CursorWrapper._execute, CursorWrapper._executemany

    def recorded(run):
        def wrapped(self, sql, *rest):
            _sent[_test].add(shape(str(sql)))
            return run(self, sql, *rest)

        return wrapped

    CursorWrapper._execute, CursorWrapper._executemany = recorded(execute), recorded(executemany)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    global _test
    _test = item.nodeid.split("[")[0]
    marker = item.get_closest_marker("django_db")
    if marker and marker.kwargs.get("transaction") or _TRANSACTIONS & set(item.fixturenames):
        _sent[_test].add(f"only of {_test}")
    return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = getattr(session.config, "workerinput", {}).get("workerid", "one")
    sent = {test: sorted(shapes - {""}) for test, shapes in _sent.items()}
    (FOLDER / f"shapes-{name}.json").write_text(json.dumps(sent))


def redundant(sent: dict[str, set[str]], seconds: dict[str, float]) -> list[str]:
    """Tests, costliest first, that send no statement which no remaining test sends."""
    senders = defaultdict(int)
    for shapes in sent.values():
        for one in shapes:
            senders[one] += 1
    out = []
    for test in sorted(sent, key=lambda test: -seconds.get(test, 0)):
        if seconds.get(test, 0) >= WORTH and all(senders[one] > 1 for one in sent[test]):
            out.append(test)
            for one in sent[test]:
                senders[one] -= 1
    return out


def main() -> None:
    sent: dict[str, set[str]] = defaultdict(set)
    for path in FOLDER.glob("shapes-*.json"):
        for test, shapes in json.loads(path.read_text()).items():
            if test:
                sent[test] |= set(shapes)
    seconds: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(FOLDER / "shapes.xml").iter("testcase"):
        test = f"{case.get('classname').replace('.', '/')}.py::{case.get('name').split('[')[0]}"
        seconds[test] += float(case.get("time"))
    print("\n".join(sorted(redundant(sent, seconds))))


if __name__ == "__main__":
    main()
