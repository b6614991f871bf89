"""Clerks who save and send one month each, again and again, and note what they were told.

Each saving writes one number, which no other saving has, into three cells of every field: a month that holds two of
them is half a month. What nobody answered is asked again under the same key, as the page does.
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

SENDS = 10  # after so many savings the month is sent and taken back
PAUSE = 0.05
PATIENCE = 60.0
SAME = ("received_direct", "returned_direct", "resolved_on_time")
REASON = "Số diễn tập"


class Writer(threading.Thread):
    """One clerk. `trying`: the number that is on its way; `saved`: number and revision of each answered saving;
    `sent`: how often sending was; `spent`: seconds of each saving, tries and all; `answers`: how often each
    status came, 0 where none did; `broken`: what no fault excuses.
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
        """How the log names the month."""
        return f"submission:{self.month.submission}"

    @property
    def left(self) -> Month:
        """The month as it is left, to go on with."""
        return replace(self.month, revision=self.revision, first=self.trying)

    def run(self) -> None:
        while not self.over.is_set():
            self.trying += 1
            self.save(self.trying)
            if len(self.saved) % SENDS == 0 and not self.over.is_set():
                self.send()
            time.sleep(self.pause)

    def save(self, number: int) -> None:
        """One saving, asked for until it is answered."""
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
        """What is typed into every field, so that its balance closes."""
        cells = {}
        for field, measures in self.month.served.items():
            opening = self.month.openings[field]
            known = dict.fromkeys(SAME, number) | {"opening": opening, "pending_in_time": opening}
            cells |= {f"{field}-{name}": str(known.get(name, 0)) for name in measures}
        return cells

    def send(self) -> None:
        """Sent and taken back; a second try may find that the first was carried out, which the page then shows."""
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
    """Seconds until every clerk had one more saving acknowledged. Errors: TimeoutError."""
    start = time.monotonic()
    before = [len(clerk.saved) for clerk in clerks]
    while any(len(one.saved) == number for one, number in zip(clerks, before, strict=True)):
        if time.monotonic() - start > PATIENCE:
            stuck = [
                (clerk.name, clerk.is_alive(), dict(clerk.answers), clerk.broken[-1:]) for clerk in clerks
            ]
            raise TimeoutError(f"not all saved within {PATIENCE:.0f} s: {stuck}")
        time.sleep(0.02)
    return time.monotonic() - start


@contextmanager
def writing(here: World, addresses: list[str], number: int = 4) -> Iterator[list[Writer]]:
    """So many clerks at work; afterwards each has ended what it had begun, and others can go on with their months."""
    months = here.months[:number]
    clerks = [Writer(addresses[place % len(addresses)], one) for place, one in enumerate(months)]
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
