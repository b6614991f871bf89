"""A second host to restore on: an empty folder and its own PostgreSQL server."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psycopg2

from tests.support import fingerprints

from .invariants import Look, faults_at_rest
from .world import World
from .writers import Writer


@contextmanager
def bare_host(database: str, folder: Path) -> Iterator[World]:
    """A temporary host with an empty database."""
    there = World(database, folder)
    try:
        there.begin()
        yield there
    finally:
        if there.server:
            there.server.stop()


def host_beside(here: World, name: str = "elsewhere") -> AbstractContextManager[World]:
    """An empty host in a folder below that of `here`."""
    return bare_host(here.database, here.folder / name)


@dataclass(frozen=True)
class Mark:
    """How many saves and sendings of a clerk were acknowledged at a moment."""

    clerk: Writer
    saved: int
    sent: int


def marks(clerks: list[Writer]) -> list[Mark]:
    """Each clerk's acknowledged work until now."""
    return [Mark(clerk, len(clerk.saved), clerk.sent) for clerk in clerks]


def lost(
    there: World, marks: list[Mark], newest_tried: dict[str, int] | None = None
) -> tuple[int, list[str]]:
    """How many acknowledged saves are missing on the other host, and its faults at rest.

    newest_tried: by clerk's name, the newest number that may be there; by default the last one tried.
    """
    newest = newest_tried or {mark.clerk.name: mark.clerk.trying for mark in marks}
    clerks = [
        SimpleNamespace(
            name=mark.clerk.name,
            subject=mark.clerk.subject,
            month=mark.clerk.month,
            saved=mark.clerk.saved[: mark.saved],
            sent=mark.sent,
            trying=newest[mark.clerk.name],
        )
        for mark in marks
    ]
    look = Look(there, clerks)
    look.at_once()
    return look.lost, look.broken + faults_at_rest(there)


def documents(there: World) -> list[str]:
    """Faults that `verify_review` reports for the host's frozen reviews."""
    with there.reading() as snapshot:
        names = [
            name for (name,) in snapshot.rows("SELECT pdf_name FROM reports_review WHERE pdf_name <> ''")
        ]
    broken = [] if names else ["no frozen review is there"]
    for name in names:
        process = there.manage("verify_review", str(there.data / "media" / name))
        broken += [f"verify_review {name}: {process.stderr[-300:]}"] if process.returncode else []
    return broken


def fingerprints_of_host(there: World) -> dict[str, str]:
    """SHA-256 of each table and of the schema."""
    return server_fingerprints(there.server.folder) if there.server else file_fingerprints(there.file)


def file_fingerprints(path: Path) -> dict[str, str]:
    """SHA-256 of each table and of the schema of an SQLite file."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
        return fingerprints.table_digests(base, "sqlite")


def server_fingerprints(folder: Path, name: str = "postgres") -> dict[str, str]:
    """The same of a database of a PostgreSQL server."""
    with closing(psycopg2.connect(host=str(folder), user="postgres", dbname=name)) as base:
        return fingerprints.table_digests(base, "postgresql")


def differing(what: str, before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The difference as a sentence for Row.broken."""
    names = fingerprints.differing(before, after)
    return [f"{what}: other rows in {', '.join(names[:5])}"] if names else []
