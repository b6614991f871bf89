"""The same bad input gets the same code and sentence through every way of input."""

import csv
import hashlib
import html
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import openpyxl
import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from figures.measures import LABELS, MEASURES
from figures.periods import Month
from figures.rule_catalogue import RULES
from records.bulk_import.counts import import_counts
from records.models import Field, Submission
from records.submissions import actions
from records.submissions.checks import check_edition
from tests.records.conftest import AT, JULY, balanced, entered
from tests.records.conftest import as_ as as_
from tests.records.conftest import cells as posted
from tests.records.conftest import july as july
from tests.records.conftest import people as people
from tests.records.excel_form.book import brought, form_of
from tests.records.excel_form.cells import cell as form_cell
from tests.records.excel_form.cells import filled
from tests.records.official_form_upload.test_upload import upload as official

from .numbers import REFUSED
from .reports import ORDINARY, REPORTS

HEAD = ["unit", "month", "field", *MEASURES]
# What is typed into a cell of `chung-thuc`, which has no postal channel: (measure, text, code).
CELLS = [
    *(("withdrawn", typed, code) for typed, code in REFUSED),
    *(("received_postal", typed, "not_served") for typed in ("0", "3", "1.240")),
    ("returned_postal", "12", "not_served"),
    ("returned_postal", "12,5", "not_whole"),
]
FIELDS = ("chung-thuc", "ho-tich")
Refusal = tuple[str, str]  # code and sentence
Place = tuple[str, str, str, str]  # field, measure, code, sentence


def typed_into_a_form(
    clerk: Client, form: bytes, submission: Submission, measure: str, text: str
) -> list[Refusal]:
    typed = []

    def as_text(sheet):
        typed.append(form_cell(sheet, "chung-thuc", measure))
        typed[0].value, typed[0].data_type = text, "s"

    answer = brought(clerk, filled(form, {}, as_text), submission)
    assert answer.status_code == 400
    wrong = answer.context["wrong"]
    assert all(
        remark.cell == typed[0].coordinate and remark.message in html.unescape(answer.content.decode())
        for remark in wrong
    )
    return [(remark.code, remark.message) for remark in wrong]


def official_form(clerk: Client, submission: Submission) -> bytes:
    """II.06a of a month, with a line for each field."""
    with undone():
        rows = {(field.pk, None): {"opening": 1} for field in Field.objects.filter(code__in=FIELDS)}
        actions.save_counts(submission.editions.get(), rows, by=None, revision=0, at=AT)
        return clerk.get(reverse("form_of_month", args=[submission.pk])).content


@contextmanager
def undone() -> Iterator[None]:
    """Rolls back what happens inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def typed_into_an_official_form(
    clerk: Client, form: bytes, submission: Submission, text: str
) -> list[Refusal]:
    """Into column (10) of `chung-thuc`, which is the number resolved late."""
    book = openpyxl.load_workbook(io.BytesIO(form))
    book.worksheets[0]["J9"].value, book.worksheets[0]["J9"].data_type = text, "s"
    stream = io.BytesIO()
    book.save(stream)
    answer = official(clerk, submission, stream.getvalue())
    assert answer.status_code == 422
    shown = html.unescape(answer.content.decode())
    assert all(fault.cell == "J9" and fault.message in shown for fault in answer.context["faults"])
    return [(fault.code, fault.message) for fault in answer.context["faults"]]


def typed_on_the_page(clerk: Client, submission: Submission, measure: str, text: str) -> list[Refusal]:
    answer = clerk.post(
        reverse("records:save", args=[submission.pk]), {"revision": "0", f"chung-thuc-{measure}": text}
    )
    assert answer.status_code == 400
    faults = answer.context["form"].errors.as_data()
    codes = [(error.code, error.messages[0]) for errors in faults.values() for error in errors]
    shown = html.unescape(answer.content.decode())
    assert all(message in shown for _, message in codes)
    # A cell that a field does not serve has no box, so its message begins with the place.
    place = f"chung-thuc: {LABELS[measure]}: "
    return [(code, message.removeprefix(place)) for code, message in codes]


def typed_into_a_cell(clerk: Client, submission: Submission, measure: str, text: str) -> list[Refusal]:
    name = f"chung-thuc-{measure}"
    body = {"key": f"{measure} {text}"[:99], "revision": 0, "cells": {name: text}}
    answer = clerk.post(
        reverse("records:cells", args=[submission.pk]), json.dumps(body), content_type="application/json"
    )
    assert answer.status_code == 200 and answer.json()["saved"] == []
    return [(fault["code"], fault["message"]) for fault in answer.json()["faults"].values()]


def put_by(clerk: Client, rows: dict[str, dict]) -> HttpResponse:
    """Sent through the API, which also accepts a session."""
    body = {"revision": 0, "rows": [{"field": field, "counts": counts} for field, counts in rows.items()]}
    where = reverse("api_submission", args=["13441", JULY])
    key = hashlib.sha256(repr(rows).encode()).hexdigest()
    return clerk.put(where, body, content_type="application/json", headers={"Idempotency-Key": key})


def sent_as_a_text(clerk: Client, measure: str, text: str) -> list[Refusal]:
    answer = put_by(clerk, {"chung-thuc": {measure: text}})
    assert answer.status_code == 422
    assert all(error["pointer"] == f"/rows/0/counts/{measure}" for error in answer.json()["errors"])
    return [(error["code"], error["message"]) for error in answer.json()["errors"]]


def as_csv(rows: list[list]) -> tuple[bytes, str]:
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *rows])
    return text.getvalue().encode(), "so-lieu.csv"


def as_xlsx(rows: list[list]) -> tuple[bytes, str]:
    """Texts become text cells, even if they look like formulas; numbers stay numbers."""
    book = openpyxl.Workbook()
    for row in [HEAD, *rows]:
        book.active.append(row)
        for cell in book.active[book.active.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue(), "so-lieu.xlsx"


def typed_into_a_file(write: Callable, measure: str, text: str) -> list[Refusal]:
    row = ["13441", str(JULY), "chung-thuc", *("1" if name == "opening" else "" for name in MEASURES)]
    row[HEAD.index(measure)] = text
    report = import_counts(*write([row]), at=AT)
    assert all(fault.column == measure and fault.row == 2 for _, fault in report.errors)
    return [(fault.code, fault.message) for _, fault in report.errors]


def test_a_bad_cell_is_refused_in_the_same_words_by_every_way(as_, fields, july):
    clerk, tried = as_("clerk"), 0
    form, prescribed = form_of(clerk, july), official_form(clerk, july)
    for measure, text, code in CELLS:
        ways = {
            "page": typed_on_the_page(clerk, july, measure, text),
            "cells": typed_into_a_cell(clerk, july, measure, text),
            "csv": typed_into_a_file(as_csv, measure, text),
            "xlsx": typed_into_a_file(as_xlsx, measure, text),
            "form": typed_into_a_form(clerk, form, july, measure, text),
            "api": sent_as_a_text(clerk, measure, text),
        }
        # The official form has no column of its own for what is sent by post.
        if code != "not_served" and measure == "withdrawn":
            ways["official"] = typed_into_an_official_form(clerk, prescribed, july, text)
        assert ways == dict.fromkeys(ways, ways["page"]), text
        assert [refused for refused, _ in ways["page"]] == [code], text
        tried += 1
    print(f"{tried} bad cells, each through {len(ways)} ways")
    assert tried >= 50


@pytest.fixture
def earlier_months(people, fields) -> SimpleNamespace:
    for month in Month.range(Month(2021, 12), Month(2022, 6)):
        rows = {
            (fields.chung_thuc.pk, None): balanced(40, postal=None),
            (fields.ho_tich.pk, None): balanced(40),
        }
        entered(people.alpha, month, rows, by=people.clerk, reviewer=people.reviewer)
    return people


def checked_on_the_page(clerk: Client, submission: Submission, report: dict) -> list[Place]:
    cells = {"revision": "0"}
    for field, values in report.items():
        cells |= posted(field, {name: values.get(name) for name in MEASURES})
    for name in ("received_postal", "returned_postal"):
        cells.pop(f"chung-thuc-{name}")
    answer = clerk.post(reverse("records:check", args=[submission.pk]), cells, follow=True)
    findings = check_edition(submission.editions.get())
    shown = html.unescape(answer.content.decode())
    assert all(finding.message in shown for finding in findings)
    assert ("Gửi báo cáo</button>" in shown) != any(finding.blocks for finding in findings)
    return sorted(
        (finding.field, finding.measure or "", finding.code, finding.message) for finding in findings
    )


def sent_in_a_file(write: Callable, report: dict) -> list[Place]:
    rows = [["13441", str(JULY), field, *(report[field].get(name) for name in MEASURES)] for field in FIELDS]
    imported = import_counts(*write(rows), at=AT)
    assert bool(imported.errors) == (imported.written == 0)
    return sorted(
        ("" if fault.code in WHOLE else FIELDS[fault.row - 2], fault.column, fault.code, fault.message)
        for _, fault in (*imported.errors, *imported.warnings)
    )


def brought_in_a_form(clerk: Client, form: bytes, submission: Submission, report: dict) -> list[Place]:
    cells = {(field, name): report[field].get(name) for field in FIELDS for name in MEASURES}
    for name in ("received_postal", "returned_postal"):
        del cells["chung-thuc", name]
    answer = brought(clerk, filled(form, cells), submission)
    assert answer.status_code == 302
    codes = []
    for remark in clerk.get(answer.url).context["odd"]:
        field, name = remark.key or ("", "")
        codes.append((field, "" if name == "balance" else name, remark.code, remark.message))
    return sorted(codes)


def put_whole(clerk: Client, report: dict) -> list[Place]:
    answer = put_by(clerk, report)
    assert answer.status_code == 200, answer.content.decode()
    findings = answer.json()["findings"]
    return sorted(
        (finding["field"] or "", finding["measure"] or "", finding["code"], finding["message"])
        for finding in findings
    )


# Rules of a whole report: in a file their faults stand at the month's first row.
WHOLE = {"nothing_reported", "all_zero", "same_as_last"}


def test_a_bad_report_gets_the_same_findings_by_every_way(earlier_months, as_, july):
    clerk, broken = as_("clerk"), set()
    form = form_of(clerk, july)
    for changes, field, code in REPORTS:
        report = {name: values | changes.get(name, {}) for name, values in ORDINARY.items()}
        ways = {}
        with undone():
            ways["page"] = checked_on_the_page(clerk, july, report)
        for way, write in (("csv", as_csv), ("xlsx", as_xlsx)):
            with undone():
                ways[way] = sent_in_a_file(write, report)
        with undone():
            ways["form"] = brought_in_a_form(clerk, form, july, report)
        with undone():
            ways["api"] = put_whole(clerk, report)
        assert ways == dict.fromkeys(ways, ways["page"]), changes
        assert (field, code) in [(place, broken_rule) for place, _, broken_rule, _ in ways["page"]], changes
        broken |= {broken_rule for _, _, broken_rule, _ in ways["page"]}
    print(f"{len(REPORTS)} bad reports, each through {len(ways)} ways")
    # With the cells above every rule is tried, but for two levels in one report, which no page can type.
    assert broken | {code for _, _, code in CELLS} == set(RULES) - {"mixed_level"}


def test_an_ordinary_report_has_no_findings_by_any_way(earlier_months, july):
    for write in (as_csv, as_xlsx):
        with undone():
            assert sent_in_a_file(write, ORDINARY) == []
