"""Which tests of the whole run need one database only: what the other one would tell is told already."""

import os
from collections.abc import Iterator

import pytest

_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}

# Tests, by the beginning of their id, that send no statement which tests that run on both databases do not send as
# well, but for plain reads of the ORM: measured by tests.support.statement_shapes. They draw, sign and read files, or
# walk pages that others open on PostgreSQL.
SQLITE_ONLY = (
    "tests/bad_inputs/test_random_requests.py::test_no_request_makes_an_error_of_the_server[nobody",
    "tests/bad_inputs/test_random_requests.py::test_no_request_makes_an_error_of_the_server[administrator",
    "tests/bad_inputs/test_uploaded_tables.py",
    "tests/product/test_every_page.py",
    "tests/product/test_rights_matrix.py",
    "tests/records/excel_form/test_round_trip.py",
    "tests/records/official_form_upload/test_upload.py",
    "tests/reports/docx",
    "tests/reports/drafting/test_sections.py",
    "tests/reports/official_forms/test_filled_form.py",
    "tests/reports/pdf",
    "tests/reports/printing",
    "tests/reports/review_files",
    "tests/reports/review_text/test_text_figures.py",
    "tests/reports/reviews/test_downloads.py",
    "tests/reports/reviews/test_end_to_end.py",
    "tests/reports/reviews/test_hostile_values.py",
    "tests/reports/reviews/test_views.py",
    "tests/reports/verification/test_appended_signatures.py",
    "tests/reports/verification/test_stored_reviews.py",
    "tests/reports/verification/test_views.py",
)
# Tests of values that no form or address expects: PostgreSQL refuses what SQLite refuses, and more.
POSTGRESQL_ONLY = (
    "tests/bad_inputs/test_forms.py",
    "tests/bad_inputs/test_random_requests.py::test_no_request_makes_an_error_of_the_server[clerk",
    "tests/bad_inputs/test_random_requests.py::test_no_request_makes_an_error_of_the_server[reviewer",
    "tests/bad_inputs/test_requests.py",
)
# Random histories send the same statements again and again: so many of each run on PostgreSQL, the others on SQLite.
SEEDS = 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those that ask for a database; those that hand it to processes of their own say so themselves."""
    for item in items:
        if item.get_closest_marker("django_db") or _FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
        if item.get_closest_marker("database"):
            seed = item.callspec.params.get("seed") if hasattr(item, "callspec") else None
            if item.nodeid.startswith(SQLITE_ONLY) or (seed or 0) >= SEEDS:
                item.add_marker(pytest.mark.sqlite_only)
            elif item.nodeid.startswith(POSTGRESQL_ONLY) or seed is not None:
                item.add_marker(pytest.mark.postgresql_only)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """No other test is told where the database is, so that none differs between two of them unnoticed."""
    with pytest.MonkeyPatch.context() as patch:
        if not item.get_closest_marker("database"):
            patch.setitem(os.environ, "DATABASE_URL", "")
        return (yield)
