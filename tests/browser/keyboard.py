"""Keyboard navigation for browser tests."""

from playwright.sync_api import Locator, Page


def tab_to(page: Page, place: Locator) -> None:
    """Press Tab until the element has the focus."""
    place.wait_for()
    for _ in range(400):
        if place.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no key leads to {place}")


def press(page: Page, role: str, name: str) -> None:
    """Tab to a link or a button and press Enter."""
    tab_to(page, page.get_by_role(role, name=name, exact=True).first)
    page.keyboard.press("Enter")
