"""Two gunicorns on one database: one save per version wins, a key acts once, the log is one chain (R5, R6, R7)."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from .client import Answer, Client
from .invariants import Look, Tally
from .rows import Row
from .service import Service
from .world import Month, World, world
from .writers import saved_again, writing

AT_ONCE = 10
ROUNDS = 20
SAVES = 50  # of each of four clerks
ENTRIES = "SELECT count(*) FROM ledger_entry"


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Rounds of ten concurrent saves of one version, and of one request; then four clerks who switch servers."""
    with world(database) as here, Service(here) as first, Service(here) as second:
        yield _measured(here, [first.address, second.address])


def _measured(here: World, addresses: list[str]) -> Row:
    tally, month = Tally(), here.months[-1]
    first = Client(addresses[0]).sign_in(month.username)
    clients = [first.at(addresses[place % 2]) for place in range(AT_ONCE)]
    start = time.monotonic()
    revision = month.revision
    for turn in range(ROUNDS):
        revision = _one_wins(tally, clients, month, revision, turn)
        revision = _once(here, tally, clients, month, revision, turn)
    with writing(here, addresses) as clerks:
        look = Look(here, clerks)
        while min(len(clerk.saved) for clerk in clerks) < SAVES:
            saved_again(clerks)
            for clerk in clerks:
                clerk.client = clerk.client.at(addresses[len(clerk.saved) % 2])
        look.at_once()
    look.whole()
    tally.add(look)
    tally.acts += 2 * ROUNDS * AT_ONCE + ROUNDS
    tally.acknowledged += 2 * ROUNDS
    measured = {"rounds of ten at once": 2 * ROUNDS, "savings of the four": sum(len(c.saved) for c in clerks)}
    return tally.row("two servers, one database", here.database, time.monotonic() - start, 0, measured)


def _body(month: Month, revision: int, number: int) -> dict:
    field = next(iter(month.served))
    cells = {f"{field}-received_direct": str(number)}
    return {"key": uuid.uuid4().hex, "revision": revision, "cells": cells}


def _at_once(clients: list[Client], month: Month, bodies: list[dict]) -> list[Answer]:
    path = f"/records/{month.submission}/cells/"
    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(lambda client, body: client.json(path, body), clients, bodies))


def _one_wins(tally: Tally, clients: list[Client], month: Month, revision: int, turn: int) -> int:
    bodies = [_body(month, revision, 1_000 * (turn + 1) + place) for place in range(AT_ONCE)]
    answers = _at_once(clients, month, bodies)
    statuses = sorted(answer.status for answer in answers)
    tally.must(statuses == [200] + [409] * (AT_ONCE - 1), f"ten savings of one version: {statuses}")
    conflicts = [answer.data["cells"] for answer in answers if answer.status == 409]
    both = all(set(cell) >= {"mine", "theirs"} for cells in conflicts for cell in cells.values()) and all(
        conflicts
    )
    tally.must(both, "a refused saving was not shown both values")
    return next(answer.data["revision"] for answer in answers if answer.status == 200)


def _once(here: World, tally: Tally, clients: list[Client], month: Month, revision: int, turn: int) -> int:
    body = _body(month, revision, 500 + turn)
    before = _entries(here)
    answers = _at_once(clients, month, [body] * AT_ONCE)
    alike = {(answer.status, answer.body) for answer in answers}
    tally.must(len(alike) == 1 and answers[0].status == 200, f"one key ten times: {alike}")
    tally.must(_entries(here) == before + 1, "one key ten times left more than one log entry")
    changed = body | {"cells": dict.fromkeys(body["cells"], "9")}
    status = clients[0].json(f"/records/{month.submission}/cells/", changed).status
    tally.must(status == 422, f"the key with another body: {status}")
    return answers[0].data["revision"]


def _entries(here: World) -> int:
    with here.reading() as snapshot:
        return snapshot.rows(ENTRIES)[0][0]
