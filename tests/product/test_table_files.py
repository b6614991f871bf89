"""Every table of a page can be downloaded as a file, or the reason why not is given here."""

import html
import re
from pathlib import Path

import pytest
from django.conf import settings

from .test_rights_matrix import cast as cast
from .test_routes import address, routes

TEMPLATES = Path(settings.BASE_DIR) / "templates"
A_STEP = "a step of an action, gone after it; its subject has a page of its own"
REVIEW = "in the review's own files: XLSX, CSV and JSON within its PDF"
WITHOUT = {
    "records/cases/list.html": "the month and its dossiers have theirs; the list of uploads leads to them",
    "parts/table.html": "the main table of the dashboard: buttons of its bar",
    "records/entry/grid.html": "under the grid, in records/entry/submission.html",
    "reports/official_forms/form.html": "its own buttons: Excel, PDF, CSV, JSON",
    "reports/difference/difference.html": "difference.csv beside it",
    "accounts/sessions/sessions.html": "a person's own open sessions, which are over within ten hours",
    **dict.fromkeys(
        (
            "records/entry/submit.html",
            "records/entry/conflict.html",
            "records/excel_form/upload_preview.html",
            "records/official_form_upload/preview.html",
            "records/entry/changed_cells.html",
            "records/excel_form/remarks.html",
            "records/entry/transferred_cells.html",
            "records/calendar/confirm.html",
            "reports/drafting/phrase.html",
            "reports/drafting/facts.html",
            "reports/verification/verify.html",
            "reports/consultation/contribution.html",
            "records/cases/mapping.html",
            "records/cases/faults.html",
            "reports/dashboard/found_units.html",
            "units/lifecycle/split_preview.html",
            "reports/official_forms/comparison.html",
        ),
        A_STEP,
    ),
    **dict.fromkeys(
        (
            "reports/reviews/channels.html",
            "reports/closing/signed_comparison.html",
            "reports/reviews/newer_figures.html",
            "reports/tasks/outcomes.html",
            "reports/reviews/results.html",
            "reports/tasks/of_review.html",
            "reports/reviews/units.html",
        ),
        REVIEW,
    ),
}


def tables() -> dict[str, tuple[int, int]]:
    """Templates with tables: (number of tables, number of files that they offer)."""
    counts = {}
    for path in TEMPLATES.rglob("*.html"):
        name, text = str(path.relative_to(TEMPLATES)), path.read_text(encoding="utf-8")
        if "<table" in text and not name.startswith("reports/printing/"):
            counts[name] = len(re.findall("<table", text)), text.count("parts/files.html")
    return counts


def test_every_table_has_its_files_or_a_reason():
    missing = {
        name: counts for name, counts in tables().items() if name not in WITHOUT and counts[0] > counts[1]
    }
    assert not missing


def test_no_reason_outlives_its_table():
    counts = tables()
    assert not [name for name in WITHOUT if name not in counts]
    assert not [name for name, (_, files) in counts.items() if name in WITHOUT and files]


@pytest.mark.django_db
def test_every_offered_file_is_given(cast, client):
    """On each page, as each role sees it, every offered file can be downloaded and is not empty."""
    numbers = {space: number for space, unit, number in cast.targets if unit.code == "13474"}
    downloaded: set[str] = set()
    for name, user in cast.people.items():
        client.force_login(user)
        for where, _ in routes():
            space = re.match(r"(units|records|reports/reviews)/<int:pk>", where)
            page_address = address(where, numbers[space[1]] if space else user.pk)
            answer = client.get(page_address)
            if answer.status_code != 200 or "html" not in answer.headers.get("Content-Type", ""):
                continue
            for link in re.findall(r'href="(\?[^"]*tai=[^"]*)"', answer.content.decode()):
                file = client.get(page_address + html.unescape(link))
                assert file.status_code == 200, (name, where, link)
                assert b"".join(file.streaming_content), (name, where, link)
                downloaded.add(f"{where} {link[link.index('tai=') :]}")
    assert len(downloaded) > 30, sorted(downloaded)
