"""A drawing that needs more than the settings give it: its job fails, and everything else goes on (acceptance R15)."""

import time
from collections.abc import Iterator

from .client import Client
from .invariants import Tally
from .rows import Row
from .service import Service
from .world import World

PARAGRAPHS = 1_300  # about 330 pages
# Enough for the dozen pages of the demo's own review, and not for these.
LIMITS = {"CCHC_PDF_MB": "300", "CCHC_PDF_SECONDS": "10"}
PATIENCE = 300.0
SHORT, TOO_LONG = 1, "quá dài hoặc quá nặng"


def rows(here: World, long: int) -> Iterator[Row]:
    """One row: the draft `long` under each limit, while somebody reads; then a short one, by the same processes."""
    tally, start, measured = Tally(), time.monotonic(), {}
    for name, value in LIMITS.items():
        with Service(here, **{name: value}) as service:
            measured[f"seconds until it failed with {name}={value}"] = round(
                _failed(here, service, long, tally), 1
            )
    yield tally.row(
        "drawings over their limits", here.database, time.monotonic() - start, len(LIMITS), measured
    )


def _failed(here: World, service: Service, long: int, tally: Tally) -> float:
    editor = Client(service.address).sign_in("tonghop")
    workers, begun = service.workers, time.monotonic()
    asked = editor.form(f"/reports/reviews/{long}/drawing/ask/").status
    state, words, statuses = "", "", {asked}
    while state not in ("done", "failed", "cancelled"):
        if time.monotonic() - begun > PATIENCE:
            raise TimeoutError(f"the drawing is {state}")
        time.sleep(0.3)
        statuses.add(editor.get("/").status)
        with here.reading() as found:
            question = "SELECT state, words FROM reports_drawing WHERE review_id = ? ORDER BY id DESC LIMIT 1"
            ((state, words),) = found.rows(question, long)
    spent = time.monotonic() - begun
    tally.must(state == "failed" and TOO_LONG in words, f"the drawing: {state}, {words}")
    tally.must(statuses == {200, 302}, f"asking, and the dashboard meanwhile: {statuses}")
    short = editor.get(f"/reports/reviews/{SHORT}.pdf")
    tally.must(short.status == 200 and short.body.startswith(b"%PDF-"), f"a short one then: {short.status}")
    tally.must(service.workers == workers, "a worker was lost")
    tally.acts += 2
    return spent
