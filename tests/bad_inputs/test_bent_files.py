"""Randomly broken files are read, or refused with a code and sentence (S21–S24)."""

import zipfile
from io import BytesIO

from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from records.bulk_import.counts import import_counts
from records.models import DossierCount
from spreadsheets.cells import BULK_LIMITS, WEB_LIMITS, UnreadableFile
from spreadsheets.table_reader import open_lines
from spreadsheets.xlsx_reader import XlsxBook
from tests.records.conftest import AT
from tests.records.conftest import as_ as as_
from tests.records.conftest import july as july
from tests.records.conftest import people as people
from tests.records.excel_form.book import form_of

from .bent_files import contents, within
from .texts import HOSTILE

MANY = settings(max_examples=150, suppress_health_check=list(HealthCheck))
typed = st.one_of(
    st.sampled_from(
        ["13441", "2022-M06", "ho-tich", "chung-thuc", "5", "1.240", "-1", "", '"', "=1+1", *HOSTILE]
    ),
    st.text(st.characters(codec="utf-8"), max_size=8),
)


@settings(MANY, max_examples=400)
@given(contents)
def test_a_table_is_read_or_refused(content):
    try:
        for number, cells in open_lines(content, WEB_LIMITS)[0]:
            assert number > 0 and isinstance(cells, list)
    except UnreadableFile as refusal:
        assert refusal.fault.code and refusal.fault.message


def test_a_bent_form_of_excel_is_read_or_refused(as_, july):
    with zipfile.ZipFile(BytesIO(form_of(as_("clerk"), july))) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    read, refused = [], []

    @MANY
    @given(within(parts))
    def bent(content):
        try:
            book = XlsxBook(BytesIO(content), WEB_LIMITS)
            for sheet in book.sheets:
                read.append(list(book.lines(sheet)))
        except UnreadableFile as refusal:
            refused.append(refusal.fault.code)

    bent()
    assert read and refused


def test_a_bent_csv_is_stored_whole_or_not_at_all(cast, fields):
    @MANY
    @example([["", "", "", ""]], ",")
    @given(
        st.lists(st.lists(typed, min_size=4, max_size=5), min_size=1, max_size=4),
        st.sampled_from([",", ";", "\t"]),
    )
    def bent(rows, sign):
        lines = [sign.join(("unit", "month", "field", "received_direct", "reason")), *map(sign.join, rows)]
        content = "\n".join(lines).encode("utf-8", "surrogatepass")
        with transaction.atomic():
            report = import_counts(content, "so-lieu.csv", at=AT)
            stored = report.written or report.unchanged
            assert not (report.errors and stored)
            if not report.errors and not stored:
                # Nothing is wrong and nothing stored: then all rows are blank.
                _, *lines_below = open_lines(content, BULK_LIMITS)[0]
                assert not any(any(cells) for _, cells in lines_below)
            assert DossierCount.objects.count() == report.written
            transaction.set_rollback(True)

    bent()
