"""A frozen review cannot be changed unnoticed."""

from datetime import date
from io import StringIO

import pytest
from django.conf import settings as project
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from ledger import log
from ledger.models import Entry
from records.models import DossierCount, Edition
from records.stored_sums import recount
from reports import document, freezing, review_access, triggers
from reports.drafting import actions
from reports.freezing import log_anchors
from reports.models import Review
from reports.pdf.review_pdf import draw_pdf, page_source, pdf_text
from reports.printing import copies, print_view
from reports.review_access import frozen_entry
from reports.verification import verdict as verification_verdict
from tests.support.loaded_demo import NOW

pytestmark = pytest.mark.usefixtures("drawn_once")


@pytest.fixture
def frozen(review) -> Review:
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    return Review.objects.get(pk=review.pk)


def verify(path, **more) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("verify_review", str(path), stdout=out, stderr=err, **more)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def file(frozen, tmp_path):
    path = tmp_path / "issued.pdf"
    call_command("render_review", str(frozen.pk), output=str(path), stderr=StringIO())
    return path


@pytest.mark.parametrize("name", ["tonghop", "xa-13474", "quantri", "nobody"])
def test_only_a_leader_freezes(review, name):
    with pytest.raises(CommandError):
        call_command("issue_review", str(review.pk), by=name)
    assert not Review.objects.get(pk=review.pk).is_frozen


def test_frozen_file_is_kept_byte_for_byte_and_valid(frozen, file):
    assert copies.content_sha256(file.read_bytes()) == frozen.pdf_sha256
    said, newer = verify(file)
    assert said.startswith("Hợp lệ") and not newer
    assert frozen.frozen["log"]["sequence"] == frozen_entry(frozen).sequence - 1


def test_cannot_be_frozen_twice(frozen):
    with pytest.raises(CommandError, match="đã chốt"):
        call_command("issue_review", str(frozen.pk), by="lanhdao")


@pytest.mark.parametrize("place", [0, 9, 1000, -3])
def test_one_flipped_byte_is_found(frozen, file, place):
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert not verification_verdict.check_bytes(bytes(content)).valid
    with pytest.raises(CommandError, match="Không hợp lệ"):
        verify(file)


def test_other_embedded_data_is_named(frozen, file):
    other = frozen.frozen | {"recipients": ["- Người khác;"]}
    file.write_bytes(draw_pdf(print_view.print_context(other), data=other, moment=NOW))
    verdict = verification_verdict.check_file(file.read_bytes())
    assert len(verdict.faults) == 2 and "kèm trong tệp" in verdict.faults[1]


def execute_without_triggers(statement: str, *values) -> None:
    """Changes a frozen review with the triggers disabled."""
    triggers.remove(connection)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
    finally:
        triggers.install(connection)


def test_changed_frozen_data_is_found(frozen, file):
    execute_without_triggers(
        "UPDATE reports_review SET frozen = %s WHERE id = %s", '{"review": {}}', frozen.pk
    )
    faults = verification_verdict.check_file(file.read_bytes()).faults
    assert any("cơ sở dữ liệu" in fault for fault in faults)


def test_frozen_data_and_its_hash_changed_together_differ_from_the_log(frozen, file):
    execute_without_triggers(
        "UPDATE reports_review SET frozen_sha256 = %s WHERE id = %s", "0" * 64, frozen.pk
    )
    assert any("nhật ký" in fault for fault in verification_verdict.check_file(file.read_bytes()).faults)


def test_a_lost_or_changed_stored_file_is_found(frozen, file):
    with default_storage.open(frozen.pdf_name, "wb") as stored:
        stored.write(b"%PDF-1.7")
    assert any("kho lưu" in fault for fault in verification_verdict.check_file(file.read_bytes()).faults)
    default_storage.delete(frozen.pdf_name)
    assert any("kho lưu" in fault for fault in verification_verdict.check_file(file.read_bytes()).faults)


def test_a_draft_and_junk_are_not_valid(review, tmp_path):
    for content in (copies.draft_pdf(review, demo=True), b"", b"junk", b"%PDF-1.7" + b"\0" * 1000):
        path = tmp_path / "x.pdf"
        path.write_bytes(content)
        with pytest.raises(CommandError):
            verify(path)


def test_a_later_correction_is_mentioned_and_changes_nothing(frozen, file):
    edition = Edition.objects.get(submission__unit__code="13474", submission__month=202206, state="approved")
    row = DossierCount.objects.filter(edition=edition, received_direct__gt=0).first()
    DossierCount.objects.filter(pk=row.pk).update(received_direct=row.received_direct + 7)
    recount.recount_sums()
    said, newer = verify(file)
    assert said.startswith("Hợp lệ")
    assert "14.712 → 14.719" in newer
    assert copies.content_sha256(copies.kept_pdf(frozen)) == frozen.pdf_sha256


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reports_review SET title = 'x' WHERE id = %s",
        "UPDATE reports_review SET frozen_sha256 = 'x' WHERE id = %s",
        "UPDATE reports_review SET pdf_name = 'x' WHERE id = %s",
        "UPDATE reports_review SET state = 'draft', frozen_at = NULL, pdf_sha256 = '' WHERE id = %s",
        "DELETE FROM reports_review WHERE id = %s",
    ],
)
def test_database_refuses_changes(frozen, change):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change, [frozen.pk])
    assert Review.objects.get(pk=frozen.pk).title == frozen.title


def test_number_and_day_may_still_be_recorded(frozen):
    freezing.record_issue(frozen, "215/BC-UBND", NOW.date(), by=None, at=NOW)
    again = Review.objects.get(pk=frozen.pk)
    assert (again.state, again.number) == ("issued", "215/BC-UBND")
    assert verification_verdict.database_faults(again) == []


@pytest.mark.parametrize(
    ("number", "day", "reason", "words"),
    [
        ("215/BC-UBND", date(1990, 1, 1), "", "trước ngày chốt"),
        ("999/BC-UBND", NOW.date(), "", "hãy ghi lý do"),
        ("999/BC-UBND", NOW.date(), "  ", "hãy ghi lý do"),
    ],
)
def test_issue_is_refused(frozen, number, day, reason, words):
    freezing.record_issue(frozen, "215/BC-UBND", NOW.date(), by=None, at=NOW)
    with pytest.raises(review_access.ReviewError, match=words):
        freezing.record_issue(frozen, number, day, by=None, at=NOW, reason=reason)
    assert Review.objects.get(pk=frozen.pk).number == "215/BC-UBND"


def test_the_same_number_again_is_no_correction(frozen):
    for _ in range(2):
        freezing.record_issue(frozen, "215/BC-UBND", NOW.date(), by=None, at=NOW)
    assert Entry.objects.filter(action__in=["review.issue", "review.correct"]).count() == 1


def test_nothing_else_may_be_recorded(frozen):
    for act in (
        lambda: actions.edit_draft(frozen, by=None, at=NOW, title="x"),
        lambda: actions.set_state(frozen, "draft", by=None, at=NOW),
        lambda: freezing.freeze(frozen, {}, b"%PDF-", {}, by=None, at=NOW),
    ):
        with pytest.raises(review_access.ReviewError):
            act()
    assert len(default_storage.listdir(freezing.FOLDER)[1]) == 1


def test_it_holds_an_anchor_of_the_log(frozen):
    anchors = log_anchors()
    kept = frozen.frozen["log"]
    assert [(anchor.sequence, anchor.hash) for anchor in anchors] == [(kept["sequence"], kept["hash"])]
    assert log.verify(anchors) == []


def test_a_replacement_starts_with_its_text(frozen):
    new = actions.replace_review(frozen, by=None, at=NOW)
    assert new.replaces == frozen and new.state == "draft"
    assert list(new.sections.values_list("heading", "body")) == list(
        frozen.sections.values_list("heading", "body")
    )
    assert new.tasks.count() == frozen.tasks.count() == 5


# The form that drew it, and its code


def test_the_form_is_kept_under_one_hash_in_document_log_and_table(frozen):
    form, entry = frozen.form, frozen_entry(frozen)
    assert frozen.frozen["template_sha256"] == entry.detail["template_sha256"] == form.sha256
    assert frozen.frozen["verify"]["code"] == entry.detail["code"] == form.code
    assert "14.712" in form.drawn and str(project.BASE_DIR) not in form.drawn


def test_still_valid_after_the_templates_changed(frozen, file, monkeypatch, settings, tmp_path):
    changed = tmp_path / "reports" / "printing"
    changed.mkdir(parents=True)
    for name in ("review.html", "review.css"):
        (changed / name).write_text("<p>Mẫu khác hẳn</p>")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    monkeypatch.setattr(document, "TEMPLATE", "bao-cao-30/99")
    assert "Mẫu khác hẳn" in page_source(print_view.print_context(frozen.frozen))["html"]
    said, told = verify(file)
    assert said.startswith("Hợp lệ") and not told


def change_form(old: str, new: str) -> None:
    execute_without_triggers("UPDATE reports_frozenform SET drawn = REPLACE(drawn, %s, %s)", old, new)


def test_a_changed_form_is_found(frozen, file):
    change_form("14.712", "14.812")
    assert any("Mẫu in" in fault for fault in verification_verdict.check_file(file.read_bytes()).faults)


def test_a_form_changed_with_all_its_hashes_draws_other_figures(frozen, file):
    change_form("14.712", "14.812")
    assert "vẽ ra lời văn hoặc số liệu khác" in verification_verdict.form_faults(file.read_bytes(), frozen)[0]


def test_a_lost_form_is_found(frozen, file):
    execute_without_triggers("DELETE FROM reports_frozenform")
    assert any("Mẫu in" in fault for fault in verification_verdict.check_file(file.read_bytes()).faults)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reports_frozenform SET code = 'x' WHERE review_id = %s",
        "DELETE FROM reports_frozenform WHERE review_id = %s",
    ],
)
def test_database_refuses_changes_of_the_form(frozen, change):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change, [frozen.pk])


def test_code_and_address_are_printed_and_the_qr_code_when_chosen(review):
    doc = document.build_document(review, demo=True)
    for qr in (False, True):
        closed = copies.draw_frozen_copy(doc, at=NOW, qr=qr)
        code = closed.document["verify"]["code"]
        text = pdf_text(closed.content)
        assert review_access.code_text(code) in text and f"{project.BASE_URL}/verify/" in text
        assert ("<svg class" in closed.form["html"]) == qr
