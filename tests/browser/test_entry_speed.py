"""Costs of entering a month that do not depend on the machine: key presses, page weight, and that all input is saved.

Times are measured by bench/entry.py (P15, Entry).
"""

import gzip
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from records.models import DossierCount, Field, FieldScope, State
from tests.records.conftest import SINCE
from units.models import Tier

from .entry import box, open_sheet, saved

MEASURES = (
    "received_direct",
    "received_online_full",
    "resolved_early",
    "resolved_on_time",
    "pending_in_time",
    "returned_direct",
)


def more_fields(upto: int) -> None:
    for number in range(Field.objects.exclude(code=Field.UNDIVIDED).count(), upto):
        field = Field.objects.create(code=f"linh-vuc-{number}", name=f"Lĩnh vực {number}", order=number)
        FieldScope.objects.create(field=field, tier=Tier.COMMUNE, channels="", valid_from=SINCE)


@pytest.fixture
def wide(office, page) -> Page:
    """15 fields × 15 measures."""
    more_fields(15)
    return open_sheet(page, office)


def test_a_month_of_nine_by_six_takes_few_keys(office, page):
    """At most 1.15 key presses for each digit and separator; by keyboard alone."""
    more_fields(9)
    open_sheet(page, office)
    numbers = count(3, 7)
    typed = {}
    presses = digits = 0
    codes = page.locator("tr[data-row] input[data-m=withdrawn]").evaluate_all(
        "all => all.map((input) => input.name.replace('-withdrawn', ''))"
    )
    box(page, f"{codes[0]}-{MEASURES[0]}").focus()
    for measure in MEASURES:
        while page.evaluate("document.activeElement.dataset.m") != measure:
            page.keyboard.press("ArrowRight")
            presses += 1
        # the column before is not served in the first row
        if page.evaluate("document.activeElement.name") != f"{codes[0]}-{measure}":
            page.keyboard.press("ArrowUp")
            presses += 1
        for code in codes:
            text = str(next(numbers))
            typed[f"{code}-{measure}"] = text
            page.keyboard.type(text)
            page.keyboard.press("Enter")
            presses += len(text) + 1
            digits += len(text)
    expect(saved(page)).to_have_attribute("data-state", "saved")
    assert presses / (digits + len(typed)) <= 1.15
    for row in DossierCount.objects.filter(edition__state=State.DRAFT).select_related("field"):
        for measure in MEASURES:
            assert getattr(row, measure) == int(typed[f"{row.field.code}-{measure}"])


def test_a_block_of_fifteen_by_ten_is_saved(wide):
    block = "\n".join("\t".join(str(row * 10 + column) for column in range(10)) for row in range(15))
    box(wide, "chung-thuc-received_direct").focus()
    wide.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const how = { clipboardData: data, bubbles: true, cancelable: true };
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        block,
    )
    expect(saved(wide)).to_have_attribute("data-state", "saved")
    assert (
        DossierCount.objects.filter(edition__state=State.DRAFT, received_direct__isnull=False).count() == 15
    )


def test_the_page_is_light(office, page):
    """P8: at most 150 KB compressed with fonts, at most 10 requests including the icon."""
    more_fields(9)
    loaded = {}
    page.on("response", lambda answer: loaded.update({answer.url: len(gzip.compress(answer.body(), 6))}))
    open_sheet(page, office)
    icon = page.locator("link[rel=icon]").get_attribute("href")
    loaded.setdefault(f"{office.url}{icon}", 200)  # a headless browser does not load it
    weight = sum(loaded.values()) / 1024
    assert weight <= 150
    assert len(loaded) <= 10
