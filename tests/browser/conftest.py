"""Fixtures for browser tests: the system's Chromium against Django's live server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connection
from playwright.sync_api import Page, expect

from tests.support.chromium import launch_options

from .entry import office as office
from .review_page import open_as as open_as
from .review_page import review as review

# Reading a signed file on two busy cores takes longer than Playwright's five seconds. scripts/bench measures speed.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test in this folder as a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Use a database file on SQLite, as in production: an in-memory database shared with the server's thread locks
    whole tables without waiting.
    """
    if connection.vendor == "sqlite":
        test = settings.DATABASES["default"].setdefault("TEST", {})
        test["NAME"] = str(tmp_path_factory.mktemp("database") / "cchc.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _synchronous() -> Iterator[None]:
    """Allow database access although Playwright runs an event loop in the test's thread.

    Django would take the tests for asynchronous callers. Set only while browser tests run, since the production checks
    reject it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Use the Chromium installed on this machine."""
    try:
        return browser_type_launch_args | launch_options()
    except LookupError as fault:
        pytest.fail(str(fault))


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict) -> dict:
    """Screen size, language and time zone of the offices."""
    return browser_context_args | {
        "viewport": {"width": 1366, "height": 768},
        "locale": "vi-VN",
        "timezone_id": "Asia/Ho_Chi_Minh",
    }


@pytest.fixture
def quiet_page(page: Page) -> Iterator[Page]:
    """A page on which any console error, also a violation of the content security policy, fails the test."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert not errors, f"the browser's console says: {errors}"


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """accessible(page) fails on violations of WCAG 2.2 AA that axe reports, and names rules and elements."""

    def check(page: Page) -> None:
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        violations = (
            Axe().run(page, options={"resultTypes": ["violations"], "runOnly": tags}).response["violations"]
        )
        places = {fault["id"]: [node["target"] for node in fault["nodes"]] for fault in violations}
        assert not places, f"axe finds on {page.url}: {places}"

    return check
