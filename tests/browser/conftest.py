"""The real browser: the system's Chromium, driven against Django's live server."""

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

# A busy machine is slow, not wrong: five seconds, as Playwright comes, are no more than reading a signed file takes on
# two cores. What must be fast is measured in scripts/bench.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test, so that no test forgets the marker."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A database in a file, as the product has it: one in memory, which the tests share with the server's thread,
    locks whole tables without waiting.
    """
    if connection.vendor == "sqlite":
        test = settings.DATABASES["default"].setdefault("TEST", {})
        test["NAME"] = str(tmp_path_factory.mktemp("database") / "cchc.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _synchronous() -> Iterator[None]:
    """Let Django's database be used while Playwright keeps an event loop in the test's thread.

    Django takes that for an asynchronous caller; the tests are synchronous all the same. Set only while browser
    tests run, since no production server passes its checks with it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Launch the browser that the machine has."""
    try:
        return browser_type_launch_args | launch_options()
    except LookupError as fault:
        pytest.fail(str(fault))


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict) -> dict:
    """The screen of the offices, their language and their time."""
    return browser_context_args | {
        "viewport": {"width": 1366, "height": 768},
        "locale": "vi-VN",
        "timezone_id": "Asia/Ho_Chi_Minh",
    }


@pytest.fixture
def quiet_page(page: Page) -> Iterator[Page]:
    """A page whose console stays silent: an error there (a breach of the content policy is one) fails the test."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    assert not said, f"the browser's console says: {said}"


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """accessible(page) fails on any violation of WCAG 2.2 AA that axe finds, and names each with its elements."""

    def check(page: Page) -> None:
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = (
            Axe().run(page, options={"resultTypes": ["violations"], "runOnly": tags}).response["violations"]
        )
        places = {fault["id"]: [node["target"] for node in fault["nodes"]] for fault in found}
        assert not places, f"axe finds on {page.url}: {places}"

    return check
