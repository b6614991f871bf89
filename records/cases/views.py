"""The pages of case files: upload, mapping, reading, and their counts beside the declared ones."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial, wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from core import clock, web
from core.text import parse_digits
from core.web import Right, outcome_message, page_of
from figures.cases import COUNTED
from figures.measures import measure_label
from figures.periods import Month
from ledger import jobs
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.entry.submission_page import render_refused
from records.errors import ActionRefused
from records.models import CaseFile, CaseFileState, Edition, State, Submission
from records.submissions.checks import counts_of_edition
from records.submissions.fetch import (
    editions_of,
    reviewed_units,
    shown_edition,
    submission_action,
    submission_or_404,
    working_edition_or_404,
)
from records.submissions.lines import GridLine, grid_lines
from spreadsheets import sandboxed_reader
from spreadsheets.cells import BULK_LIMITS, ReadLimits, UnreadableFile
from spreadsheets.table_writer import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import is_allowed

from . import actions
from .column_filter import (
    RETURNED_BY,
    ROLES,
    CaseColumn,
    WordTargets,
    filter_columns,
    folded_text,
    targets_with,
)
from .forms import CaseMonthsForm, CaseUploadForm, column_box, read_mapping, read_mapping_name, word_box
from .mapping import ColumnMapping, guess_mapping, words_of_column
from .queries import (
    case_counts_of_month,
    case_file_in_force,
    declared_differences,
    dossiers_behind,
    mappings_for,
)
from .reader import first_rows, preview_rows, reported_fields

SHOWN_FILES = 20


@dataclass(frozen=True)
class ComparedCell:
    """A count as declared and as the dossiers give it."""

    measure: str
    label: str
    declared: int | None
    counted: int | None
    differs: bool


@web.requires(Right.READ)
def cases_page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the files of the unit, and the counts of the file in force beside the declared ones."""
    return render_cases(request, submission_or_404(request.user, pk, Right.READ, request.day))


def render_cases(
    request: HttpRequest, submission: Submission, *, form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    """The page of case files; with the bound form after a refused upload."""
    month = Month.from_number(submission.month)
    editions = editions_of(submission, request.user)
    edition = shown_edition(editions, None, works_on_it=True)
    enters = is_allowed(request.user, Right.ENTER, submission.unit, request.day)
    file = case_file_in_force(submission.unit, month)
    listed = CaseFile.objects.select_related("asked_by").filter(unit=submission.unit)
    context = {
        "found": submission,
        "unit": submission.unit,
        "month": month,
        "file": file,
        "files": listed.exclude(state=CaseFileState.CANCELLED).order_by("-pk")[:SHOWN_FILES],
        "edition": edition,
        "enters": enters,
        "fills": enters and edition is not None and edition.state in (State.DRAFT, State.RETURNED),
        "form": form or (CaseUploadForm(month, list(mappings_for(submission.unit))) if enters else None),
        **(_compared(submission, edition, file) if file and file.heads and edition else {}),
    }
    return render(request, "records/cases/list.html", context, status=status)


CASE_COLUMNS = (
    TableColumn("row", "Dòng"),
    TableColumn("code", "Mã hồ sơ", width=34),
    TableColumn(
        "procedure", "Thủ tục, lĩnh vực", lambda row: str(row.procedure or row.field or ""), width=50
    ),
    TableColumn("received", "Tiếp nhận", width=20),
    TableColumn("channel", "Hình thức", "get_channel_display", width=26),
    TableColumn("due", "Hẹn trả", width=20),
    TableColumn("ended", "Trả kết quả", width=20),
    TableColumn(
        "returned_by",
        "Hình thức trả",
        lambda row: row.get_returned_by_display() if row.returned_by else "",
        width=20,
    ),
    TableColumn("state", "Trạng thái trong tệp", "get_state_display", width=26),
)


def _compared(submission: Submission, edition: Edition, file: CaseFile) -> dict[str, Any]:
    catalogue, month = Catalogue(stored_calendar()), Month.from_number(submission.month)
    lines = grid_lines(edition, catalogue)
    counted = case_counts_of_month(file, month, [line.key for line in lines], catalogue)
    stored = {(row.field_id, row.procedure_id): row for row in counts_of_edition(edition)}
    odd = declared_differences(counted, stored)
    day = catalogue.days.span(month).end
    rows = [(line, _cells(line, counted.get(line.key, {}), odd.get(line.key, {}), day)) for line in lines]
    return {
        "rows": rows,
        "heads": [measure_label(name, day) for name in COUNTED],
        "differing": sum(len(cells) for cells in odd.values()),
        "without_returns": RETURNED_BY not in file.heads,
    }


def case_rows_file(title: str, cases: QuerySet, source: str, at: datetime) -> TableFile:
    """The dossiers behind a count of a month, in file order."""
    rows = table_rows(CASE_COLUMNS, cases.iterator(1_000))
    return TableFile("ho-so", title, CASE_COLUMNS, rows, at, [("Tệp hồ sơ", source)])


def _cells(
    line: GridLine, counted: dict[str, int | None], odd: dict[str, tuple], day: date
) -> list[ComparedCell]:
    return [
        ComparedCell(name, measure_label(name, day), line.values[name], counted.get(name), name in odd)
        for name in COUNTED
    ]


@submission_action(Right.ENTER)
def fill_draft(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST `revision`: save the counts of the dossiers in the draft, as if its clerk typed them."""
    month = Month.from_number(submission.month)
    file = case_file_in_force(submission.unit, month)
    if file is None or not file.heads:
        return render_cases(request, submission, status=409)
    edition, catalogue = working_edition_or_404(submission), Catalogue(stored_calendar())
    keys = [line.key for line in grid_lines(edition, catalogue)]
    counts = case_counts_of_month(file, month, keys, catalogue)
    revision = parse_digits(request.POST.get("revision", ""), 9)
    try:
        actions.fill_from_cases(edition, counts, by=request.user, revision=revision, at=clock.now())
    except ActionRefused as refusal:
        return render_refused(request, submission, refusal)
    messages.success(request, f"Đã lấy số từ tệp {file.name}. Hãy xem lại, bổ sung rồi kiểm tra và gửi.")
    return redirect("records:submission", submission.pk)


@web.requires(Right.READ)
def case_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """GET `so=received_direct&dong=ho-tich`: the dossiers behind a count, in pages."""
    submission = submission_or_404(request.user, pk, Right.READ, request.day)
    month, measure = Month.from_number(submission.month), request.GET.get("so", "")
    file = case_file_in_force(submission.unit, month)
    catalogue = Catalogue(stored_calendar())
    keys = {_row_code(key, catalogue): key for key in _row_keys(submission, catalogue)}
    line = request.GET.get("dong", "")
    if file is None or measure not in COUNTED or (line and line not in keys):
        if measure or line:
            raise Http404
        return redirect("records:cases", pk)
    span = catalogue.days.span(month)
    listed = dossiers_behind(file, measure, span, keys.get(line))
    title = f"Hồ sơ của “{measure_label(measure, span.end)}”, {submission.unit.name}, {month.label}"
    if table := requested_file(request, {"": lambda: case_rows_file(title, listed, file.name, clock.now())}):
        return table
    context = {
        "found": submission,
        "unit": submission.unit,
        "file": file,
        "measure": measure_label(measure, span.end),
        "line": _row_name(keys[line], catalogue) if line else "",
        "page": page_of(request, listed),
    }
    return render(request, "records/cases/dossiers.html", context)


def _row_keys(submission: Submission, catalogue: Catalogue) -> list[tuple[int, int | None]]:
    edition = submission.editions.order_by("-number").first()
    return [line.key for line in grid_lines(edition, catalogue)] if edition else []


def _row_code(key: tuple[int, int | None], catalogue: Catalogue) -> str:
    field = catalogue.fields[key[0]].code
    return f"{field}/{catalogue.procedures[key[1]].code}" if key[1] else field


def _row_name(key: tuple[int, int | None], catalogue: Catalogue) -> str:
    return catalogue.procedures[key[1]].name if key[1] else catalogue.fields[key[0]].name


# CPU seconds to read a million rows; twelve columns take 12 (extrapolated from 200,000 rows).
MAX_UPLOAD_SECONDS = 120
REFRESH_SECONDS = 3  # the browser reloads the page after these
SHOWN_FAULTS = 200
CaseFileAction = Callable[[HttpRequest, Submission, CaseFile], HttpResponse]


def upload_limits() -> ReadLimits:
    """Limits of a bulk import with the file size of uploads."""
    return replace(BULK_LIMITS, file=settings.CASES_UPLOAD_MAX_BYTES, columns=100)


def case_file_action(right: Right, *, acts: bool = False) -> Callable[[CaseFileAction], Callable]:
    """Decorates a view of a file of the submission's unit; 404 for files of other units and for users without the
    right. With `acts` only POST calls the view.
    """

    def declare(view: CaseFileAction):
        @web.requires(right)
        @wraps(view)
        def guarded(request: HttpRequest, pk: int, number: int) -> HttpResponse:
            submission = submission_or_404(request.user, pk, right, request.day)
            files = CaseFile.objects.select_related("unit", "asked_by").filter(unit=submission.unit)
            file = files.filter(pk=number).first()
            if file is None:
                raise Http404
            if acts and request.method != "POST":
                return redirect("records:case_file", pk, number)
            return view(request, submission, file)

        return guarded

    return declare


@web.takes_large_body("CASES_UPLOAD_MAX_BYTES")
@submission_action(Right.ENTER)
def upload_case_file(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST a file: stage its recognised columns, drop the others, and redirect to the mapping."""
    month = Month.from_number(submission.month)
    form = CaseUploadForm(month, list(mappings_for(submission.unit)), request.POST, request.FILES)
    if not form.is_valid():
        return render_cases(request, submission, form=form, status=422)
    file, staged = form.cleaned_data["file"], actions.new_staging_path()
    try:
        filtered = filter_columns(
            file,
            staged,
            upload_limits(),
            form.kept_heads,
            partial(sandboxed_reader.read_lines, seconds=MAX_UPLOAD_SECONDS),
        )
    except UnreadableFile as refused:
        form.add_error("file", str(refused.fault))
        return render_cases(request, submission, form=form, status=400)
    chosen, targets = form.chosen, _targets(submission, form.months)
    mapping = (
        ColumnMapping.of(chosen.content).fitted(filtered.columns, targets)
        if chosen
        else guess_mapping(filtered.columns, targets)
    )
    details = {"by": request.user, "at": clock.now(), "system": chosen.name if chosen else ""}
    case_file = actions.keep_case_upload(
        submission.unit, file.name, form.months, staged, filtered, mapping.as_dict(), **details
    )
    return redirect("records:case_file", submission.pk, case_file.pk)


@case_file_action(Right.READ)
def case_file_page(request: HttpRequest, submission: Submission, file: CaseFile) -> HttpResponse:
    """The page for the state of a file: mapping, waiting, faults, or its counts."""
    if file.is_open:
        jobs.start_worker()
    may = is_allowed(request.user, Right.ENTER, submission.unit, request.day)
    if may and file.state in actions.UNREAD and actions.is_staged(file):
        return _mapping_page(request, submission, file, ColumnMapping.of(file.mapping))
    context = _context(submission, file, may, request.user, request.day)
    answer = render(request, "records/cases/file.html", context)
    if file.is_open:
        answer.headers["Refresh"] = str(REFRESH_SECONDS)
    return answer


@case_file_action(Right.ENTER, acts=True)
def map_file(request: HttpRequest, submission: Submission, file: CaseFile) -> HttpResponse:
    """POST the mapping: `lam=xem` previews the first rows, `lam=doc` queues the file to be read."""
    if file.state not in actions.UNREAD or not actions.is_staged(file):
        messages.error(request, "Tệp này đang được đọc hoặc không còn nữa.")
        return redirect("records:case_file", submission.pk, file.pk)
    form = CaseMonthsForm(Month.from_number(submission.month), request.POST)
    months = form.months if form.is_valid() else _months_of(file)
    columns, targets = [CaseColumn(**column) for column in file.columns], _targets(submission, months)
    mapping, problems = read_mapping(columns, request.POST, ColumnMapping.of(file.mapping), targets)
    problems += [gap.message for gap in mapping.gaps(columns, targets)]
    if not form.is_valid() or problems or request.POST.get("lam") != "doc":
        status = 422 if problems or not form.is_valid() else 200
        return _mapping_page(request, submission, file, mapping, form=form, problems=problems, status=status)
    try:
        reading = actions.request_reading(
            file,
            mapping.as_dict(),
            form.months,
            by=request.user,
            at=clock.now(),
            save_as=read_mapping_name(request.POST),
        )
    except ActionRefused as refusal:
        return _mapping_page(
            request, submission, file, mapping, form=form, problems=[refusal.message], status=409
        )
    if reading.pk != file.pk:
        messages.info(request, "Tệp này đã được nạp với cùng cách ghép cột; không có gì thay đổi.")
        return redirect("records:cases", submission.pk)
    jobs.start_worker()
    return redirect("records:case_file", submission.pk, file.pk)


@case_file_action(Right.ENTER, acts=True)
def cancel_case_file(request: HttpRequest, submission: Submission, file: CaseFile) -> HttpResponse:
    """POST: cancel an upload or its reading; nothing of it stays."""
    if file.state != CaseFileState.DONE:
        actions.delete_case_file(file)
        messages.success(request, "Đã hủy. Tệp và mọi dòng đã đọc được xóa.")
    return redirect("records:cases", submission.pk)


@case_file_action(Right.APPROVE, acts=True)
def share_case_mapping(request: HttpRequest, submission: Submission, file: CaseFile) -> HttpResponse:
    """POST: share the mapping of this file with all units below the reviewer's."""
    units = reviewed_units(request, "Chỉ người duyệt số liệu dùng chung được cách ghép cột.")
    above = [unit for unit in units if unit.pk in submission.unit.ancestor_ids()]
    with outcome_message(
        request, f"Mọi đơn vị bên dưới chọn được cách ghép cột “{file.system}”.", ActionRefused
    ):
        actions.share_mapping(file, above, by=request.user, at=clock.now())
    return redirect("records:case_file", submission.pk, file.pk)


def _context(submission: Submission, file: CaseFile, may: bool, user: User, day: date) -> dict[str, Any]:
    month = Month.from_number(submission.month)
    return {
        "found": submission,
        "unit": submission.unit,
        "file": file,
        "before": jobs.count_before(file) if file.is_open else 0,
        "gone": file.state in actions.UNREAD and not actions.is_staged(file),
        "may": may,
        "may_cancel": may and file.is_open,
        "may_share": bool(file.system) and is_allowed(user, Right.APPROVE, submission.unit, day),
        "faults": file.faults[:SHOWN_FAULTS],
        "untold": file.wrong - min(len(file.faults), SHOWN_FAULTS),
        "counts_here": case_file_in_force(submission.unit, month) == file,
        "one_month": file.first_month == file.last_month,
    }


def _mapping_page(
    request: HttpRequest,
    submission: Submission,
    file: CaseFile,
    mapping: ColumnMapping,
    *,
    form: CaseMonthsForm | None = None,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    months = form.months if form and form.is_valid() else _months_of(file)
    columns, targets = [CaseColumn(**column) for column in file.columns], _targets(submission, months)
    heads = {head: role for role, head in mapping.columns.items()}
    initial = {name: str(Month.from_number(getattr(file, f"{name}_month"))) for name in ("first", "last")}
    context = {
        **_context(submission, file, True, request.user, request.day),
        "form": form or CaseMonthsForm(Month.from_number(submission.month), initial=initial),
        "problems": problems or [],
        "mapping": mapping,
        "roles": ROLES.items(),
        "columns": [(column, column_box(column), heads.get(column.head, "")) for column in columns],
        "rows": first_rows(file),
        "words": [
            (ROLES[role], meanings.items(), _words(role, columns, mapping))
            for role, meanings in targets.items()
        ],
        "check": None if mapping.gaps(columns, targets) else preview_rows(file, columns, mapping),
        "name": read_mapping_name(request.POST) or file.system,
    }
    return render(request, "records/cases/mapping.html", context, status=status)


def _months_of(file: CaseFile) -> tuple[Month, Month]:
    return Month.from_number(file.first_month), Month.from_number(file.last_month)


def _targets(submission: Submission, months: tuple[Month, Month]) -> WordTargets:
    """Possible meanings of words, with the fields that the unit reports from the first to the last month."""
    return targets_with(reported_fields(Catalogue(stored_calendar()), submission.unit, Month.range(*months)))


def _words(role: str, columns: list[CaseColumn], mapping: ColumnMapping) -> list[tuple[str, int, str, str]]:
    """(word, frequency, name of its input, meaning); none where no column has the role."""
    column = next((column for column in columns if column.head == mapping.columns.get(role)), None)
    word_targets = mapping.words.get(role, {})
    return [
        (word, column.words[word], word_box(role, column, place), word_targets.get(folded_text(word), ""))
        for place, word in enumerate(words_of_column(column))
    ]
