"""Clerks who keep saving and sending one month each, and record the responses.

Each save writes a unique number into three cells of every field: a month with two numbers is half written. A request
without a response is repeated under the same key, as the page does.
"""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from .client import FAILURES, Answer, Client
from .world import Month, World

SENDS = 10  # saves between two sendings of the month
PAUSE = 0.05
PATIENCE = 60.0
SAME = ("received_direct", "returned_direct", "resolved_on_time")
REASON = "Số diễn tập"


class Writer(threading.Thread):
    """One clerk. `trying`: the number being saved; `saved`: number and revision of each acknowledged save; `sent`:
    acknowledged sendings; `spent`: seconds of each save with retries; `answers`: count by status, 0 for no response;
    `broken`: responses that no fault explains.
    """

    def __init__(self, address: str, month: Month, pause: float = PAUSE) -> None:
        super().__init__(name=month.username, daemon=True)
        self.month, self.pause = month, pause
        self.client = Client(address).sign_in(month.username)
        self.revision, self.trying = month.revision, month.first
        self.saved: list[tuple[int, int]] = []
        self.sent = 0
        self.answers: Counter[int] = Counter()
        self.spent: list[float] = []
        self.broken: list[str] = []
        self.over = threading.Event()

    @property
    def subject(self) -> str:
        """The month's subject in the log."""
        return f"submission:{self.month.submission}"

    @property
    def left(self) -> Month:
        """The month as the clerk leaves it, for the next one."""
        return replace(self.month, revision=self.revision, first=self.trying)

    def run(self) -> None:
        while not self.over.is_set():
            self.trying += 1
            self.save(self.trying)
            if len(self.saved) % SENDS == 0 and not self.over.is_set():
                self.send()
            time.sleep(self.pause)

    def save(self, number: int) -> None:
        """Save a number, with retries until there is a response."""
        body = {"key": uuid.uuid4().hex, "revision": self.revision, "cells": self.cells(number)}
        body["reasons"] = dict.fromkeys(self.month.openings, REASON)
        begun = time.monotonic()
        answer = self._until_answered(lambda: self.client.json(self._path("cells"), body))
        self.spent.append(time.monotonic() - begun)
        if answer.status == 200 and not answer.data["faults"]:
            self.revision = answer.data["revision"]
            self.saved.append((number, self.revision))
        else:
            self._wrong("saving", answer)

    def cells(self, number: int) -> dict[str, str]:
        """Cells of every field, such that they balance."""
        cells = {}
        for field, measures in self.month.served.items():
            opening = self.month.openings[field]
            expected = dict.fromkeys(SAME, number) | {"opening": opening, "pending_in_time": opening}
            cells |= {f"{field}-{name}": str(expected.get(name, 0)) for name in measures}
        return cells

    def send(self) -> None:
        """Send and recall; a retry may be refused because the first try succeeded."""
        for act in ("send", "recall"):
            before = self.answers[0] + self.answers[503]
            answer = self._until_answered(
                lambda act=act: self.client.form(self._path(act), revision=self.revision)
            )
            if answer.status == 302 and answer.location == self._path(""):
                self.sent += act == "send"
            elif self.answers[0] + self.answers[503] == before:
                self._wrong(act, answer)

    def _until_answered(self, ask: Callable[[], Answer]) -> Answer:
        while True:
            try:
                answer = ask()
            except FAILURES:
                answer = Answer(0, b"", "")
            self.answers[answer.status] += 1
            if answer.status not in (0, 500, 502, 503):
                return answer
            if answer.status not in (0, 503):
                self._wrong("asking", answer)
            time.sleep(PAUSE)

    def _wrong(self, what: str, answer: Answer) -> None:
        words = answer.body.decode(errors="replace")[:200]
        self.broken.append(f"{self.name}: {what} {self.trying} was answered {answer.status}: {words}")

    def _path(self, act: str) -> str:
        return f"/records/{self.month.submission}/{act and act + '/'}"


def saved_again(clerks: list[Writer]) -> float:
    """Seconds until every clerk has another acknowledged save. Errors: TimeoutError."""
    start = time.monotonic()
    before = [len(clerk.saved) for clerk in clerks]
    while any(len(clerk.saved) == number for clerk, number in zip(clerks, before, strict=True)):
        if time.monotonic() - start > PATIENCE:
            stuck = [
                (clerk.name, clerk.is_alive(), dict(clerk.answers), clerk.broken[-1:]) for clerk in clerks
            ]
            raise TimeoutError(f"not all saved within {PATIENCE:.0f} s: {stuck}")
        time.sleep(0.02)
    return time.monotonic() - start


@contextmanager
def writing(here: World, addresses: list[str], number: int = 4) -> Iterator[list[Writer]]:
    """Run clerks; at the end wait for them and store their months for the next ones."""
    months = here.months[:number]
    clerks = [Writer(addresses[place % len(addresses)], month) for place, month in enumerate(months)]
    for clerk in clerks:
        clerk.start()
    try:
        yield clerks
    finally:
        for clerk in clerks:
            clerk.over.set()
        for clerk in clerks:
            clerk.join(120)
        here.months[:number] = [clerk.left for clerk in clerks]
