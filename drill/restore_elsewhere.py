"""A second host: an empty folder, and a PostgreSQL server of its own, that something is restored on."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psycopg2

from tests.support import fingerprints

from .invariants import Look, everything
from .world import World
from .writers import Writer


@contextmanager
def bare(database: str, folder: Path) -> Iterator[World]:
    """A host with nothing on it but a database without a table; its server ends with it."""
    there = World(database, folder)
    try:
        there.begin()
        yield there
    finally:
        if there.server:
            there.server.stop()


def empty(here: World, name: str = "elsewhere") -> AbstractContextManager[World]:
    """Such a host beside `here`."""
    return bare(here.database, here.folder / name)


@dataclass(frozen=True)
class Mark:
    """How much a clerk had been told at a moment: savings and sendings."""

    clerk: Writer
    saved: int
    sent: int


def marks(clerks: list[Writer]) -> list[Mark]:
    """What each was told until now."""
    return [Mark(clerk, len(clerk.saved), clerk.sent) for clerk in clerks]


def lost(there: World, known: list[Mark], tried: dict[str, int] | None = None) -> tuple[int, list[str]]:
    """How much of what was acknowledged by then is not on the other host, and what else is wrong with it at rest.

    tried: by the clerk's name, the newest number that may be there; without it the last one that was tried at all.
    """
    newest = tried or {one.clerk.name: one.clerk.trying for one in known}
    told = [
        SimpleNamespace(
            name=one.clerk.name,
            subject=one.clerk.subject,
            month=one.clerk.month,
            saved=one.clerk.saved[: one.saved],
            sent=one.sent,
            trying=newest[one.clerk.name],
        )
        for one in known
    ]
    look = Look(there, told)
    look.at_once()
    return look.lost, look.broken + everything(there)


def documents(there: World) -> list[str]:
    """What `verify_review` says against the frozen reviews that the host keeps."""
    with there.reading() as found:
        names = [name for (name,) in found.rows("SELECT pdf_name FROM reports_review WHERE pdf_name <> ''")]
    broken = [] if names else ["no frozen review is there"]
    for name in names:
        done = there.manage("verify_review", str(there.data / "media" / name))
        broken += [f"verify_review {name}: {done.stderr[-300:]}"] if done.returncode else []
    return broken


def prints(there: World) -> dict[str, str]:
    """SHA-256 of each table and of the schema."""
    return of_server(there.server.folder) if there.server else of_file(there.file)


def of_file(path: Path) -> dict[str, str]:
    """Those of an SQLite file."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
        return fingerprints.of(base, "sqlite")


def of_server(folder: Path, name: str = "postgres") -> dict[str, str]:
    """Those of a database of a PostgreSQL server."""
    with closing(psycopg2.connect(host=str(folder), user="postgres", dbname=name)) as base:
        return fingerprints.of(base, "postgresql")


def differing(what: str, one: dict[str, str], other: dict[str, str]) -> list[str]:
    """In words, as a row takes it."""
    names = fingerprints.differing(one, other)
    return [f"{what}: other rows in {', '.join(names[:5])}"] if names else []
