"""Monthly entry in the browser: key presses, pace, a pasted block, and the delay until totals follow a key (P15).

Chromium on a served page, with a year of earlier months.
"""

import json
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from accounts.models import User
from records.approval import actions as approval_actions
from records.generate.country import LAST, START
from records.models import Field, FieldScope
from records.submissions import actions as submissions_actions
from tests.support.chromium import launch_options
from units.models import Membership, Role, Tier, Unit, UnitKind
from units.tree import roster

from .counters import values
from .databases import create, use
from .measurement import Result
from .server import serving, session_cookie

AT = datetime(2026, 1, 18, 8, tzinfo=UTC)
# Primary keys of the units; nine fields are expected of the office, fifteen of the commune.
OFFICE, COMMUNE = 2, 3
NINE, FIFTEEN = 9, 15
# What an office fills in every month, in sheet order, and how many columns to skip before each.
SIX = {
    "received_direct": 0,
    "received_online_full": 1,
    "resolved_early": 1,
    "resolved_on_time": 0,
    "pending_in_time": 2,
    "returned_direct": 2,
}
A_KEY = 0.3  # seconds: 12,000 key presses an hour, a fast clerk on the ten-key pad
PASTED = 10
PASTES = 7
FRAME = 16

# In the page: counts key presses and the milliseconds from each until the totals change.
WATCH = """() => {
    window.pressed = 0;
    window.waits = [];
    let since = null;
    const key = (event) => { window.pressed += 1; since = event.timeStamp; };
    document.addEventListener("keydown", key, { capture: true });
    new MutationObserver(() => {
        if (since !== null) window.waits.push(performance.now() - since);
        since = null;
    }).observe(document.querySelector(".sheet tfoot"), { childList: true, characterData: true, subtree: true });
}"""
# Milliseconds from the paste until the status line shows that it is saved.
PASTE = """() => {
    const line = document.getElementById("trang-thai");
    let since = null;
    document.addEventListener("paste", () => { since = performance.now(); }, { capture: true, once: true });
    window.pasted = new Promise((resolve) => {
        const watch = new MutationObserver(() => {
            if (since === null || line.dataset.state !== "saved") return;
            watch.disconnect();
            resolve(performance.now() - since);
        });
        watch.observe(line, { attributes: true });
    });
}"""


def rows(*, small: bool) -> Iterator[Result]:
    """`small`: keys without a pause between them."""
    connection = create("sheet")
    with use(connection):
        months, sessions = _fill()
    connection.close()
    with serving(connection) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        pages = {
            unit: _open_page(browser, f"{server.address}/records/{months[unit]}/", sessions[unit])
            for unit in (OFFICE, COMMUNE)
        }
        yield from _type_month(pages[OFFICE], 0 if small else A_KEY)
        yield _paste_block(pages[COMMUNE])
        yield from _time_totals(pages[COMMUNE])
        browser.close()


def _fill() -> tuple[dict[int, int], dict[int, str]]:
    """By unit: the id of its latest, still empty submission, and its clerk's session cookie."""
    fields = [
        Field.objects.create(code=f"linh-vuc-{at:02}", name=f"Lĩnh vực số {at}", order=at)
        for at in range(1, FIFTEEN + 1)
    ]
    for at, field in enumerate(fields):
        for tier in [Tier.COMMUNE] + [Tier.DISTRICT] * (at < NINE):
            FieldScope.objects.create(field=field, tier=tier, valid_from=START)
    top = _unit(1, Tier.DISTRICT, None)
    units = [_unit(OFFICE, Tier.DISTRICT, top, UnitKind.OFFICE), _unit(COMMUNE, Tier.COMMUNE, top)]
    roster.rebuild()
    months, sessions = {}, {}
    for unit, number in zip(units, (NINE, FIFTEEN), strict=True):
        clerk = User.objects.create(username=f"clerk-{unit.pk}", full_name="Công chức một cửa", demo=True)
        Membership.objects.create(user=clerk, unit=unit, role=Role.CLERK, valid_from=START)
        for place in range(1, 13):
            counts = {(field.pk, None): values(unit.pk, field.pk, place) for field in fields[:number]}
            submission = submissions_actions.open_submission(unit, LAST.plus(place - 13), by=clerk, at=AT)
            edition = submissions_actions.save_counts(
                submission.editions.get(), counts, by=clerk, revision=0, at=AT
            )
            approval_actions.approve_edition(
                submissions_actions.send_edition(edition, by=clerk, at=AT), by=None, at=AT
            )
        months[unit.pk] = submissions_actions.open_submission(unit, LAST, by=clerk, at=AT).pk
        sessions[unit.pk] = session_cookie(clerk)
    return months, sessions


def _unit(number: int, tier: str, parent: Unit | None, kind: str = UnitKind.COMMITTEE) -> Unit:
    return Unit.objects.create(
        pk=number,
        code=f"D{number}",
        name=f"Đơn vị số {number}",
        kind=kind,
        tier=tier,
        parent=parent,
        path=f"/{number}/" if parent is None else f"{parent.path}{number}/",
        depth=0 if parent is None else parent.depth + 1,
        active_from=date(2015, 1, 1),
        reports=parent is not None,
        has_children=parent is None,
    )


def _open_page(browser: Browser, address: str, session: str) -> Page:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
    page = context.new_page()
    page.goto(address)
    page.evaluate(WATCH)
    return page


def _wait_until_saved(page: Page) -> None:
    page.locator('#trang-thai[data-state="saved"]').wait_for()


def _box(row: int, measure: str) -> str:
    return f'input[name="linh-vuc-{row:02}-{measure}"]'


def _type_month(page: Page, pace: float) -> Iterator[Result]:
    """Type a month column by column from the first empty cell, where the page puts the focus: Enter leaves a cell,
    arrows skip columns that stay blank.
    """
    texts = {
        (row, measure): str(values(OFFICE, row, 13)[measure]) for measure in SIX for row in range(1, NINE + 1)
    }
    keys: list[str] = []
    for measure, skipped in SIX.items():
        keys += ["ArrowRight"] * skipped
        for row in range(1, NINE + 1):
            keys += [*texts[row, measure], "Enter"]
    start = time.perf_counter()
    for key in keys:
        page.keyboard.press(key)
        if pace:
            page.wait_for_timeout(1000 * pace)
    _wait_until_saved(page)
    seconds = time.perf_counter() - start
    for (row, measure), text in texts.items():
        if (shown := page.input_value(_box(row, measure))) != text:
            raise RuntimeError(f"{measure} of row {row} is “{shown}”, not “{text}”")
    scale = f"{NINE} fields × {len(SIX)} numbers, no mouse"
    typed = sum(len(text) + 1 for text in texts.values())
    pressed = page.evaluate("window.pressed")
    yield Result("Entry: key presses ÷ digits and separators typed", scale, pressed, typed, "keys", 1.15)
    at = f"{3600 / pace:,.0f} keys an hour" if pace else "keys without a pause"
    yield Result(f"Entry: a month from the first key to saved, {at} ÷ limit", scale, seconds, 60, "s", 1.0)


def _paste_block(page: Page) -> Result:
    waits = []
    for turn in range(PASTES):
        lines = [[str(7 + turn + row * at % 90) for at in range(PASTED)] for row in range(FIFTEEN)]
        page.evaluate("navigator.clipboard.writeText(" + json.dumps("\n".join(map("\t".join, lines))) + ")")
        page.focus(_box(1, "received_direct"))
        page.evaluate(PASTE)
        page.keyboard.press("Control+V")
        waits.append(page.evaluate("window.pasted"))
        if page.input_value(_box(FIFTEEN, "pending_late")) != lines[-1][-1]:
            raise RuntimeError("the block is not where it was pasted")
    scale = f"{FIFTEEN} × {PASTED} cells"
    return Result("Entry: paste to saved ÷ limit", scale, statistics.median(waits), 1000, goal=1.0)


def _time_totals(page: Page) -> Iterator[Result]:
    """Each digit changes a total, while the page saves in the background as usual."""
    page.evaluate("() => { window.waits = []; }")
    for measure in ("opening", "received_direct", "resolved_on_time", "pending_in_time"):
        page.focus(_box(1, measure))
        for row in range(FIFTEEN):
            page.keyboard.type(str(213 + row), delay=20)
            page.keyboard.press("Enter")
    waits = page.evaluate("window.waits")
    if len(waits) < FIFTEEN * 4 * 3:
        raise RuntimeError(f"only {len(waits)} keys changed a total")
    scale = f"{FIFTEEN} × 15 cells, {len(waits)} keys"
    name = "P15 key press to totals"
    yield Result(f"{name}, median ÷ limit", scale, statistics.median(waits), FRAME, goal=1.0)
    yield Result(f"{name}, p95 ÷ limit", scale, statistics.quantiles(waits, n=20)[-1], FRAME, goal=1.0)
