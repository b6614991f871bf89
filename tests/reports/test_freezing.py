"""Warnings without an explanation are listed before signing, in a fixed number of queries."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures.periods import Period
from records.approval.queries import unexplained_rows
from records.models import DossierCount, Edition
from reports import document
from reports.freezing import before_signing
from tests.reports.drafting.test_draft import drafted
from tests.support.loaded_demo import NOW
from units.models import Unit

JUNE = Period.parse("2022-H1")


def jump(code: str, reason: str = "") -> DossierCount:
    """Makes a unit's opening of June differ from May's pending count."""
    edition = Edition.objects.get(submission__unit__code=code, submission__month=202206, state="approved")
    row = DossierCount.objects.filter(edition=edition, opening__gt=0).order_by("pk").first()
    DossierCount.objects.filter(pk=row.pk).update(opening=row.opening + 50, reason=reason)
    return row


def test_unexplained_warnings_are_listed_before_signing(review):
    unit = Unit.objects.get(code="351")
    there = unexplained_rows(unit, JUNE)
    jump("13474")
    (new,) = [row for row in unexplained_rows(unit, JUNE) if row not in there]
    assert (new.unit, str(new.month)) == ("thị trấn Tân Thanh", "2022-M06")
    assert new.short.startswith("kỳ trước chuyển sang ")
    warnings = before_signing(review, document.build_document(review, demo=True), NOW.date())
    assert any(warning.startswith("Cảnh báo số liệu chưa giải trình (") for warning in warnings)


def test_a_reason_explains(review):
    unit = Unit.objects.get(code="351")
    there = unexplained_rows(unit, JUNE)
    jump("13474", "Nhận bàn giao hồ sơ")
    assert unexplained_rows(unit, JUNE) == there
    assert unexplained_rows(Unit.objects.get(code="13480"), JUNE) == [
        row for row in there if row.unit == "xã Liêm Túc"
    ]


def test_four_queries_whatever_the_number(review):
    for code in ("351", "13474"):
        with CaptureQueriesContext(connection) as queries:
            unexplained_rows(Unit.objects.get(code=code), JUNE)
        assert len(queries) <= 5


def test_an_empty_block_is_an_empty_section(review):
    draft = drafted("351", "2022-Q1")
    warnings = before_signing(draft, document.build_document(draft, demo=True), NOW.date())
    (empty,) = [warning for warning in warnings if warning.startswith("Mục chưa có nội dung")]
    assert "1. Công tác chỉ đạo" in empty and "2.6." in empty and "2.2." not in empty
