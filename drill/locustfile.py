"""The locust users, loaded by `python -m locust -f` only. CCHC_LOAD is the path of a JSON file:

{"cookie": its name, "clerks": [[cookie, month, revision, [cells]]…], "readers": [cookie…],
"pages": [[name, address]…], "drawn": [address…]; "saving", "reading", "sending": how many do so; "pace", "look",
"month_pace", "every": seconds between two acts of one clerk, reader, sender, drawer; "monthly": as clerks, for those
who send a month, to be approved by the "reviewer"}. At the end it writes the clerks, with their new revisions, to
revisions.json beside that file.
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
    PLAN = json.load(file)
TOKEN = "c" * 32
_clerks, _readers = itertools.cycle(PLAN["clerks"]), itertools.cycle(PLAN["readers"])
_monthly = itertools.cycle(PLAN["monthly"])
_drawn = itertools.cycle(PLAN["drawn"] or [""])


class Person(FastHttpUser):
    abstract = True
    network_timeout = connection_timeout = 60.0

    def headers(self, cookie: str) -> dict[str, str]:
        return {"Cookie": f"{PLAN['cookie']}={cookie}; csrftoken={TOKEN}", "X-CSRFToken": TOKEN}


class Clerk(Person):
    """Saves three cells of the clerk's month, as the page's script does."""

    fixed_count = PLAN["saving"]
    wait_time = constant_pacing(PLAN["pace"])

    def on_start(self) -> None:
        self.own = next(_clerks)
        self.cookie, self.month, _, self.cells = self.own
        # Spread the saves evenly from the start.
        time.sleep(random.uniform(0, PLAN["pace"]))
        # Locust paces from the user's creation: all would save a second time at the same moment.
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
            result = answer.json() if answer.status_code == 200 else None
            result = result or {"faults": answer.text and answer.text[:200] or "no answer"}
            if result["faults"]:
                answer.failure(f"{answer.status_code}: {result['faults']}")
            else:
                self.own[2] = result["revision"]


class Sender(Person):
    """Downloads the Excel form and uploads it, fills a month with zeros and sends it; the reviewer approves it."""

    fixed_count = PLAN["sending"]
    wait_time = constant_pacing(PLAN["month_pace"])

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
        reviewer = self.headers(PLAN["reviewer"])
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

    fixed_count = PLAN["reading"]
    wait_time = constant_pacing(PLAN["look"])

    def on_start(self) -> None:
        self.cookie = next(_readers)

    @task
    def look(self) -> None:
        name, address = random.choice(PLAN["pages"])
        self.client.get(address, headers=self.headers(self.cookie), name=name, allow_redirects=False)


class Drawer(Person):
    """Has a review drawn as a PDF."""

    fixed_count = min(1, len(PLAN["drawn"]))
    wait_time = constant_pacing(PLAN["every"])

    @task
    def draw(self) -> None:
        self.client.get(next(_drawn), headers=self.headers(PLAN["readers"][0]), name="review as PDF")


@events.quitting.add_listener
def _save_revisions(environment, **more) -> None:
    Path(os.environ["CCHC_LOAD"]).with_name("revisions.json").write_text(json.dumps(PLAN["clerks"]))
