"""A PDF that exceeds the limits: its job fails, and the service keeps running (acceptance R15)."""

import time
from collections.abc import Iterator

from .client import Client
from .invariants import Tally
from .rows import Row
from .service import Service
from .world import World

PARAGRAPHS = 1_300  # about 330 pages
# Enough for the demo's review of a dozen pages, too little for these.
LIMITS = {"CCHC_PDF_MB": "300", "CCHC_PDF_SECONDS": "10"}
PATIENCE = 300.0
SHORT, TOO_LONG = 1, "quá dài hoặc quá nặng"


def rows(here: World, long: int) -> Iterator[Row]:
    """Render the draft `long` under each limit while somebody reads, then a short one with the same workers."""
    tally, start, measured = Tally(), time.monotonic(), {}
    for name, value in LIMITS.items():
        with Service(here, **{name: value}) as service:
            measured[f"seconds until it failed with {name}={value}"] = round(
                _until_failed(here, service, long, tally), 1
            )
    yield tally.row(
        "drawings over their limits", here.database, time.monotonic() - start, len(LIMITS), measured
    )


def _until_failed(here: World, service: Service, long: int, tally: Tally) -> float:
    editor = Client(service.address).sign_in("tonghop")
    workers, begun = service.workers, time.monotonic()
    status = editor.form(f"/reports/reviews/{long}/drawing/ask/").status
    state, sentence, statuses = "", "", {status}
    while state not in ("done", "failed", "cancelled"):
        if time.monotonic() - begun > PATIENCE:
            raise TimeoutError(f"the drawing is {state}")
        time.sleep(0.3)
        statuses.add(editor.get("/").status)
        with here.reading() as snapshot:
            query = "SELECT state, words FROM reports_drawing WHERE review_id = ? ORDER BY id DESC LIMIT 1"
            ((state, sentence),) = snapshot.rows(query, long)
    spent = time.monotonic() - begun
    tally.must(state == "failed" and TOO_LONG in sentence, f"the drawing: {state}, {sentence}")
    tally.must(statuses == {200, 302}, f"asking, and the dashboard meanwhile: {statuses}")
    short = editor.get(f"/reports/reviews/{SHORT}.pdf")
    tally.must(short.status == 200 and short.body.startswith(b"%PDF-"), f"a short one then: {short.status}")
    tally.must(service.workers == workers, "a worker was lost")
    tally.acts += 2
    return spent
