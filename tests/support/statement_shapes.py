"""Which SQL statements each test file sends: shows whether a second run on PostgreSQL would tell anything new.

`pytest -p tests.support.statement_shapes …` writes build/test/shapes-*.json; then `python -m
tests.support.statement_shapes build/test/postgresql.xml` names the files whose statements other files send as well.
"""

import json
import re
import sys
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

FOLDER = Path("build/test")
_file = ""
_sent: dict[str, set[str]] = defaultdict(set)


@lru_cache(maxsize=20_000)
def shape(sql: str) -> str:
    """The statement without its values: two statements of one shape differ in numbers, texts and list lengths."""
    sql = re.sub(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b|%s|%\(\w+\)s", "?", sql)
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
            _sent[_file].add(shape(str(sql)))
            return run(self, sql, *rest)

        return wrapped

    CursorWrapper._execute, CursorWrapper._executemany = recorded(execute), recorded(executemany)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    global _file
    _file = item.nodeid.split("::")[0]
    return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = getattr(session.config, "workerinput", {}).get("workerid", "one")
    sent = {file: sorted(shapes) for file, shapes in _sent.items()}
    (FOLDER / f"shapes-{name}.json").write_text(json.dumps(sent))


def redundant(sent: dict[str, set[str]], seconds: dict[str, float]) -> list[str]:
    """Files, costliest first, that send no statement which no remaining file sends."""
    senders = defaultdict(int)
    for shapes in sent.values():
        for one in shapes:
            senders[one] += 1
    out = []
    for file in sorted(sent, key=lambda file: -seconds.get(file, 0)):
        if all(senders[one] > 1 for one in sent[file]):
            out.append(file)
            for one in sent[file]:
                senders[one] -= 1
    return out


def main(report: str) -> None:
    sent: dict[str, set[str]] = defaultdict(set)
    for path in FOLDER.glob("shapes-*.json"):
        for file, shapes in json.loads(path.read_text()).items():
            if file:
                sent[file] |= set(shapes)
    seconds: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(report).iter("testcase"):
        seconds[f"{case.get('classname').replace('.', '/')}.py"] += float(case.get("time"))
    out = redundant(sent, seconds)
    for file in out:
        print(f"{seconds[file]:7.1f} {file}")
    print(f"{sum(seconds[file] for file in out):.0f} of {sum(seconds.values()):.0f} s")


if __name__ == "__main__":
    main(sys.argv[1])
