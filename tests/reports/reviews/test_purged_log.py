"""Pages and commands that read the log still work after old entries were purged (acceptance S34, R8)."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from ledger import log, purge
from ledger.models import Entry
from records.models import Submission
from reports import freezing
from reports.drafting import actions
from reports.models import Review
from reports.printing import copies
from tests.reports.test_difference import closed, correct
from tests.support.loaded_demo import NOW

pytestmark = pytest.mark.usefixtures("drawn_once")


@pytest.fixture
def purged_reviews(review) -> tuple[Review, Review]:
    """An issued review and its issued replacement after a correction; then all log entries are purged as if they were
    old enough.
    """
    old = freezing.record_issue(closed(review), "215/BC-UBND", NOW.date(), by=None, at=NOW)
    correct(old)
    new = closed(actions.replace_review(old, by=None, at=NOW))
    new = freezing.record_issue(new, "300/BC-UBND", NOW.date() + timedelta(1), by=None, at=NOW)
    assert purge.purge_entries(timezone.localdate() + timedelta(1), by=None, at=timezone.now()).first == 1
    return old, new


def test_frozen_reviews_verify_as_before(purged_reviews, tmp_path):
    assert Entry.objects.earliest("sequence").action.startswith(("unit.", "review."))
    left = {action.split(".")[0] for action in Entry.objects.values_list("action", flat=True)}
    assert left == {"unit", "review", "log"}
    call_command("verify_log")
    for review in purged_reviews:
        file = tmp_path / f"{review.pk}.pdf"
        file.write_bytes(copies.kept_pdf(review))
        call_command("verify_review", file)


def test_a_wrong_anchor_of_a_frozen_review_is_still_reported(purged_reviews):
    log.remove_triggers(connection)
    connection.cursor().execute("UPDATE ledger_purge SET hashes = %s", [b"\0" * 32 * 10_000])
    with pytest.raises(CommandError, match="đã chốt"):
        call_command("verify_log")


def test_pages_name_what_was_purged(purged_reviews, signed_in):
    old, new = purged_reviews
    page = signed_in("tonghop").get(f"/reports/reviews/{new.pk}/difference/", {"with": old.pk})
    assert "đã được thanh lý" in page.content.decode()
    month = Submission.objects.get(unit__code="13474", month=202206)
    for address in (
        f"/reports/reviews/{old.pk}/",
        f"/records/{month.pk}/",
        "/records/",
        "/?unit=351&period=2022-H1",
    ):
        assert signed_in("tonghop").get(address).status_code == 200, address
