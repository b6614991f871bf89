"""Long PDFs in a queue, and a restart in the middle of it (acceptance R14, R15)."""

import json
import re
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

from pypdf import PdfReader

from . import limits
from .client import Client
from .invariants import Tally, faults_at_rest
from .rows import Row
from .service import Service
from .world import World, world

LONG, DRAFTS, WAITING, TOO_MANY = 5, 45, 20, 429
PAGES, PARAGRAPHS = 70, 260
PATIENCE = 900.0
MOST_MEGABYTES, MOST_DRAWING, MOST_SECONDS = 1024, 120.0, 20.0
PAGE_MS = 500.0
# Copies the demo's review to long drafts; prints their ids.
PREPARE = """
import json
from reports.models import Review, ReviewSection
words = ("Công tác kiểm tra, tuyên truyền được thực hiện theo kế hoạch; thông tin về cải cách hành chính được cập "
    "nhật trên Cổng thông tin điện tử và hệ thống truyền thanh cơ sở. ") * 4
found = []
for place in range(%d):
    review = Review.objects.order_by("pk").first()
    sections = list(review.sections.order_by("order"))
    review.pk, review.title = None, f"Báo cáo dài số {place + 1}"
    review._state.adding = True
    review.save()
    for one in sections:
        one.pk, one.review, one._state.adding = None, review, True
        one.save()
    long = review.sections.order_by("order")[1]
    long.body = "\\n\\n".join([words] * %d)
    long.save()
    found.append(review.pk)
print(json.dumps(found))
"""


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Fill the queue with long drafts and cancel all but five; add one that is frozen. Restart the service while that
    one is rendered. Then render one that exceeds the limits.
    """
    with world(database) as here:
        with Service(here) as service:
            yield _queue_row(here, service, prepare_drafts(here, DRAFTS, PARAGRAPHS))
        yield from limits.rows(here, *prepare_drafts(here, 1, limits.PARAGRAPHS))


def prepare_drafts(here: World, number: int, paragraphs: int) -> list[int]:
    """Create long drafts; return their ids."""
    return json.loads(here.must("shell", "-v", "0", "-c", PREPARE % (number, paragraphs)))


def _queue_row(here: World, service: Service, numbers: list[int]) -> Row:
    tally = Tally()
    leader, editor = (Client(service.address).sign_in(name) for name in ("lanhdao", "tonghop"))
    closing = numbers.pop()
    start = time.monotonic()
    acts = _fill_queue(tally, editor, numbers)
    status = _close_figures(leader, closing)
    tally.must(status == 302, f"closing of figures: {status}")
    watch = _Watch(service, leader)
    watch.start()
    _until(here, lambda states, working: closing in working)
    ended = _restart(tally, service)
    states = _until(here, lambda states, working: not states["waiting"] + states["working"])
    watch.over.set()
    watch.join()
    spent = time.monotonic() - start
    with here.reading() as snapshot:
        closed = "SELECT count(*) FROM ledger_entry WHERE action = 'review.freeze' AND subject = ?"
        times = snapshot.rows(closed, f"review:{closing}")[0][0]
    tally.must(times == 1, f"the figures were closed {times} times")
    tally.must(not states["failed"], f"drawings: {dict(states)}")
    measured = {
        "pages": _pages(tally, leader, (closing, *numbers[:LONG])),
        "drawings done": states["done"],
        **_check_watch(tally, watch),
        "seconds until ended": round(ended, 2),
    }
    tally.broken += faults_at_rest(here)
    tally.acts, tally.acknowledged = acts + 1, LONG + 1
    return tally.row("long PDFs queued, restarted", here.database, spent, 1, measured)


def _fill_queue(tally: Tally, editor: Client, numbers: list[int]) -> int:
    """Request PDFs until the queue is full, cancel all but LONG; return how many were requested."""
    statuses: list[int] = []
    while TOO_MANY not in statuses and len(statuses) < len(numbers):
        statuses.append(editor.form(f"/reports/reviews/{numbers[len(statuses)]}/drawing/ask/").status)
    right = set(statuses[:-1]) == {302} and statuses[-1] == TOO_MANY and len(statuses) > WAITING
    tally.must(right, f"asked for: {Counter(statuses)}")
    for number in numbers[LONG : len(statuses)]:
        editor.form(f"/reports/reviews/{number}/drawing/cancel/")
    return len(statuses)


def _restart(tally: Tally, service: Service) -> float:
    """Restart the service while it renders; return the seconds until it had ended."""
    time.sleep(1)
    begin = time.monotonic()
    service.process.terminate()
    service.process.wait(60)
    ended = time.monotonic() - begin
    tally.must(ended <= MOST_SECONDS, f"ended after {ended:.1f} s")
    service.start()
    return ended


def _pages(tally: Tally, leader: Client, numbers: Iterable[int]) -> str:
    """The page counts of the PDFs."""
    files = [leader.get(f"/reports/reviews/{number}.pdf").body for number in numbers]
    pages = [len(PdfReader(BytesIO(file)).pages) if file.startswith(b"%PDF-") else 0 for file in files]
    tally.must(min(pages) >= PAGES, f"pages of the files: {pages}")
    return ", ".join(map(str, sorted(set(pages))))


def _check_watch(tally: Tally, watch: "_Watch") -> dict[str, float]:
    """Check and return what the watch measured."""
    tally.must(watch.at_once <= 1, f"{watch.at_once} drawings at once")
    tally.must(watch.megabytes <= MOST_MEGABYTES, f"{watch.megabytes:.0f} MB")
    tally.must(watch.longest <= MOST_DRAWING, f"a drawing took {watch.longest:.0f} s")
    p95 = statistics.quantiles(watch.spent, n=20)[-1]
    tally.must(p95 < PAGE_MS, f"the dashboard meanwhile: p95 of {p95:.0f} ms")
    return {
        "MB of the drawing child, most": round(watch.megabytes),
        "seconds of a drawing, most": round(watch.longest),
        "drawings at once, most": watch.at_once,
        "dashboard meanwhile, p95 in ms": round(p95),
    }


def _close_figures(leader: Client, number: int) -> int:
    """Freeze the review with the page's form; return the status."""
    page = leader.get(f"/reports/reviews/{number}/").body.decode()
    version = re.search(r'freeze/">.*?name="version" value="([0-9a-f]+)"', page, re.DOTALL)
    if version is None:
        raise RuntimeError("the page offers no closing of figures")
    path = f"/reports/reviews/{number}/freeze/"
    return leader.form(path, version=version[1], reason="Diễn tập").status


def _until(here: World, enough: Callable[[Counter, set[int]], bool]) -> Counter:
    """Wait until `enough` (states, ids of reviews being rendered); return the number of PDF jobs by state.

    Errors: TimeoutError.
    """
    start = time.monotonic()
    while True:
        with here.reading() as snapshot:
            drawings = snapshot.rows("SELECT state, review_id FROM reports_drawing")
        states = Counter(state for state, _ in drawings)
        if enough(states, {review for state, review in drawings if state == "working"}):
            return states
        if time.monotonic() - start > PATIENCE:
            raise TimeoutError(f"drawings: {dict(states)}")
        time.sleep(0.3)


class _Watch(threading.Thread):
    """Measures the dashboard's response time (milliseconds) and the memory and time of rendering children."""

    def __init__(self, service: Service, reader: Client) -> None:
        super().__init__(daemon=True)
        self.service, self.reader = service, reader
        self.spent: list[float] = []
        self.at_once, self.megabytes, self.longest = 0, 0.0, 0.0
        self._seen: dict[int, float] = {}
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.3):
            begun = time.perf_counter()
            if self.reader.status("/") == 200:
                self.spent.append(1000 * (time.perf_counter() - begun))
            self._look()

    def _look(self) -> None:
        drawing, statuses = 0, {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if b"reports.pdf.weasyprint_program" not in (place / "cmdline").read_bytes():
                    continue
                if f"PORT={self.service.port}".encode() not in (place / "environ").read_bytes().split(b"\0"):
                    continue
                status = (place / "status").read_text()
            except OSError:
                continue
            statuses[int(place.name)] = status
        for pid, status in statuses.items():
            peak = re.search(r"VmHWM:\s+(\d+)", status)
            self.megabytes = max(self.megabytes, int(peak[1]) / 1024 if peak else 0)
            # The program forks a child for each PDF.
            if int(re.search(r"PPid:\s+(\d+)", status)[1]) in statuses:
                self.longest = max(
                    self.longest, time.monotonic() - self._seen.setdefault(pid, time.monotonic())
                )
            drawing += "State:\tR" in status
        self.at_once = max(self.at_once, drawing)
