"""What locust's users do: read by `python -m locust -f`, never imported by the drills. CCHC_LOAD names a file of JSON.

{"cookie": its name, "clerks": [[cookie, month, revision, [cells]]…], "readers": [cookie…],
"pages": [[name, address]…], "drawn": [address…]; "saving", "reading", "sending": how many do so; "pace", "look",
"month_pace", "every": seconds between two acts of one clerk, reader, sender, drawer; "monthly": as clerks, for those
who send a month, to be approved by the "reviewer"}. At its end revisions.json beside that file holds the clerks as they
are then.
"""

import itertools
import json
import os
import random
import time
import uuid
from pathlib import Path

from locust import FastHttpUser, constant_pacing, events, task

with open(os.environ["CCHC_LOAD"], encoding="utf-8") as file:
    GIVEN = json.load(file)
TOKEN = "c" * 32
_clerks, _readers = itertools.cycle(GIVEN["clerks"]), itertools.cycle(GIVEN["readers"])
_monthly = itertools.cycle(GIVEN["monthly"])
_drawn = itertools.cycle(GIVEN["drawn"] or [""])


class Person(FastHttpUser):
    abstract = True
    network_timeout = connection_timeout = 60.0

    def headers(self, cookie: str) -> dict[str, str]:
        return {"Cookie": f"{GIVEN['cookie']}={cookie}; csrftoken={TOKEN}", "X-CSRFToken": TOKEN}


class Clerk(Person):
    """Saves three cells of a month of the own unit, as the page's script does."""

    fixed_count = GIVEN["saving"]
    wait_time = constant_pacing(GIVEN["pace"])

    def on_start(self) -> None:
        self.own = next(_clerks)
        self.cookie, self.month, _, self.cells = self.own
        # Nobody begins in the same moment: the savings are spread evenly from the start.
        time.sleep(random.uniform(0, GIVEN["pace"]))
        # Locust paces from when the user was made: all would save for the second time in one moment.
        self._cp_last_run = time.perf_counter()

    @task
    def save(self) -> None:
        number = str(random.randrange(1, 1000))
        body = {
            "key": uuid.uuid4().hex,
            "revision": self.own[2],
            "cells": dict.fromkeys(self.cells, number),
        }
        headers = self.headers(self.cookie) | {"Accept": "application/json"}
        where = f"/records/{self.month}/cells/"
        with self.client.post(where, json=body, headers=headers, name="save", catch_response=True) as answer:
            told = answer.json() if answer.status_code == 200 else None
            told = told or {"faults": answer.text and answer.text[:200] or "no answer"}
            if told["faults"]:
                answer.failure(f"{answer.status_code}: {told['faults']}")
            else:
                self.own[2] = told["revision"]


class Sender(Person):
    """Takes out the Excel form and brings it back, fills a month with zeros and sends it; then it is approved."""

    fixed_count = GIVEN["sending"]
    wait_time = constant_pacing(GIVEN["month_pace"])

    def on_start(self) -> None:
        self.own = next(_monthly)

    @task
    def month(self) -> None:
        cookie, month, revision, _ = self.own
        if revision is None:
            return
        where, own = f"/records/{month}", self.headers(cookie)
        form = self.client.get(f"{where}/form.xlsx", headers=own, name="form as Excel")
        self.act(f"{where}/form/", "form back", own, files={"file": ("form.xlsx", form.content)})
        self.act(f"{where}/no-dossiers/", "zeros", own, data={"revision": revision})
        self.act(f"{where}/send/", "send", own, data={"revision": revision + 1})
        reviewer = self.headers(GIVEN["reviewer"])
        self.act(f"{where}/approve/", "approve", reviewer, data={"revision": revision + 1})
        self.own[2] = None

    def act(self, where: str, what: str, headers: dict[str, str], **more) -> None:
        more |= {"name": what, "headers": headers, "catch_response": True, "allow_redirects": False}
        with self.client.post(where, **more) as answer:
            if answer.status_code != 302:
                answer.failure(f"{answer.status_code}")
            else:
                answer.success()


class Reader(Person):
    """Opens one page after the other."""

    fixed_count = GIVEN["reading"]
    wait_time = constant_pacing(GIVEN["look"])

    def on_start(self) -> None:
        self.cookie = next(_readers)

    @task
    def look(self) -> None:
        name, address = random.choice(GIVEN["pages"])
        self.client.get(address, headers=self.headers(self.cookie), name=name, allow_redirects=False)


class Drawer(Person):
    """Has a review drawn as a PDF."""

    fixed_count = min(1, len(GIVEN["drawn"]))
    wait_time = constant_pacing(GIVEN["every"])

    @task
    def draw(self) -> None:
        self.client.get(next(_drawn), headers=self.headers(GIVEN["readers"][0]), name="review as PDF")


@events.quitting.add_listener
def _kept(environment, **more) -> None:
    Path(os.environ["CCHC_LOAD"]).with_name("revisions.json").write_text(json.dumps(GIVEN["clerks"]))
