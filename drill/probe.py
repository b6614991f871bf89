"""Checks the responses while the database accepts no writes (acceptance R3, R4)."""

import time

from .client import LOGIN, Client
from .invariants import Tally
from .service import Service
from .world import World
from .writers import Writer

READ = ("/", "/records/", "/units/", "/api/v1/units", "/reports/reviews/1/", "/reports/reviews/1.pdf")
PERSON = {"username": "lanhdao", "password": "demo"}
PATIENCE = 60.0


class Probe:
    """Users who signed in before the fault."""

    def __init__(self, here: World, service: Service) -> None:
        self.month = here.months[-1]
        self.reader = Client(service.address).sign_in("tonghop")
        self.clerk = Client(service.address).sign_in(self.month.username)
        self.nobody = Client(service.address)
        self.nobody.get(LOGIN)

    def ready(self) -> int:
        return self.nobody.status("/readyz")

    def only_reads(self, tally: Tally, *, room: bool = False) -> None:
        """Pages respond 200; a form, a sign-in and /readyz respond 503. `room`: PostgreSQL may still have space in its
        files, so that form and sign-in may succeed.
        """
        statuses = {path: self.reader.status(path) for path in READ}
        tally.must(set(statuses.values()) == {200}, f"reading: {statuses}")
        watched = (self.nobody.status("/healthz"), self.ready())
        tally.must(watched == (200, 503), f"/healthz, /readyz: {watched}")
        typed = {"revision": self.month.revision, f"{next(iter(self.month.served))}-received_direct": 7}
        form = self.clerk.form(f"/records/{self.month.submission}/save/", **typed)
        refused = [form.status, self.nobody.form(LOGIN, **PERSON).status]
        allowed = {302, 503} if room else {503}
        tally.must(set(refused) <= allowed, f"a form, a sign-in: {refused}")


def until_refused(clerks: list[Writer], each_second=lambda: None) -> float:
    """Seconds until every clerk got a 503. Errors: TimeoutError."""
    start = time.monotonic()
    before = [clerk.answers[503] for clerk in clerks]
    while any(clerk.answers[503] == number for clerk, number in zip(clerks, before, strict=True)):
        if time.monotonic() - start > PATIENCE:
            raise TimeoutError(f"not refused: {[dict(clerk.answers) for clerk in clerks]}")
        time.sleep(1)
        each_second()
    return time.monotonic() - start
