"""An export of the one-stop system on its way into a month: uploaded, mapped, read, given up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial, wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cchc_dashboard import clock
from figures.periods import Month
from ledger import jobs
from records.actions import Refused, case_files
from records.forms.cases import MonthsForm, UploadForm, column_box, read_mapping, read_name, word_box
from records.imports.cases.mapping import Mapping, guess, words_of
from records.imports.cases.reading import fields_of
from records.imports.cases.roles import ROLES, Targets, folded, targets_with
from records.imports.cases.sifting import Column, sift
from records.imports.cases.trying import first_rows, tried
from records.models import CaseFile, CaseFileState, Submission
from records.queries.calendar import calendar
from records.queries.cases import counting_file, mappings_of
from records.queries.catalogue import Catalogue
from units import access, webtables
from units.access import Right
from units.cells import BULK, Limits, Unreadable
from units.models import User

from .case_counts import page as counts_page
from .fetch import acting, reviewed_units, submission_for

# Of the processor, to read a million rows: with twelve columns 12, reckoned from 200,000 rows times five.
SECONDS = 120
EVERY = 3  # seconds after which the page asks again, by the browser itself
SHOWN_FAULTS = 200
FileView = Callable[[HttpRequest, Submission, CaseFile], HttpResponse]


def limits() -> Limits:
    """An export from the web is a bulk import with a size of its own."""
    return replace(BULK, file=settings.CASES_UPLOAD_MAX_BYTES, columns=100)


def of_file(right: Right, *, acts: bool = False) -> Callable[[FileView], Callable]:
    """A view of one file of the submission's unit; whoever may not read the unit, and a file of another unit, get 404.
    What acts does so by POST only.
    """

    def declare(view: FileView):
        @access.requires(right)
        @wraps(view)
        def guarded(request: HttpRequest, pk: int, number: int) -> HttpResponse:
            found = submission_for(request.user, pk, right, request.day)
            file = (
                CaseFile.objects.select_related("unit", "asked_by").filter(pk=number, unit=found.unit).first()
            )
            if file is None:
                raise Http404
            if acts and request.method != "POST":
                return redirect("records:case_file", pk, number)
            return view(request, found, file)

        return guarded

    return declare


@access.takes("CASES_UPLOAD_MAX_BYTES")
@acting(Right.ENTER)
def upload(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST a file: what may be needed of it is staged, everything else is dropped; then its columns are mapped."""
    month = Month.from_number(found.month)
    form = UploadForm(month, list(mappings_of(found.unit)), request.POST, request.FILES)
    if not form.is_valid():
        return counts_page(request, found, form=form, status=422)
    file, staged = form.cleaned_data["file"], case_files.new_place()
    try:
        sifted = sift(file, staged, limits(), form.kept, partial(webtables.open_lines, seconds=SECONDS))
    except Unreadable as refused:
        form.add_error("file", str(refused.fault))
        return counts_page(request, found, form=form, status=400)
    chosen, targets = form.chosen, _targets(found, form.months)
    mapping = (
        Mapping.of(chosen.content).fitted(sifted.columns, targets)
        if chosen
        else guess(sifted.columns, targets)
    )
    told = {"by": request.user, "at": clock.now(), "system": chosen.name if chosen else ""}
    kept = case_files.keep_upload(
        found.unit, file.name, form.months, staged, sifted, mapping.as_dict(), **told
    )
    return redirect("records:case_file", found.pk, kept.pk)


@of_file(Right.READ)
def case_file(request: HttpRequest, found: Submission, file: CaseFile) -> HttpResponse:
    """What is to be done with a file now: map it, wait, mend it, or look at what it counts to."""
    if file.is_open:
        jobs.wake()
    may = access.allowed(request.user, Right.ENTER, found.unit, request.day)
    if may and file.state in case_files.UNREAD and case_files.is_there(file):
        return _mapping_page(request, found, file, Mapping.of(file.mapping))
    answer = render(request, "records/case_file.html", _context(found, file, may, request.user, request.day))
    if file.is_open:
        answer.headers["Refresh"] = str(EVERY)
    return answer


@of_file(Right.ENTER, acts=True)
def map_file(request: HttpRequest, found: Submission, file: CaseFile) -> HttpResponse:
    """POST what columns and words mean: `lam=xem` looks at the first rows, `lam=doc` has the file read."""
    if file.state not in case_files.UNREAD or not case_files.is_there(file):
        messages.error(request, "Tệp này đang được đọc hoặc không còn nữa.")
        return redirect("records:case_file", found.pk, file.pk)
    form = MonthsForm(Month.from_number(found.month), request.POST)
    months = form.months if form.is_valid() else _months_of(file)
    columns, targets = [Column(**one) for one in file.columns], _targets(found, months)
    mapping, problems = read_mapping(columns, request.POST, Mapping.of(file.mapping), targets)
    problems += [lack.message for lack in mapping.lacks(columns, targets)]
    if not form.is_valid() or problems or request.POST.get("lam") != "doc":
        status = 422 if problems or not form.is_valid() else 200
        return _mapping_page(request, found, file, mapping, form=form, problems=problems, status=status)
    try:
        asked = case_files.ask_reading(
            file,
            mapping.as_dict(),
            form.months,
            by=request.user,
            at=clock.now(),
            save_as=read_name(request.POST),
        )
    except Refused as refusal:
        return _mapping_page(request, found, file, mapping, form=form, problems=[refusal.message], status=409)
    if asked.pk != file.pk:
        messages.info(request, "Tệp này đã được nạp với cùng cách ghép cột; không có gì thay đổi.")
        return redirect("records:cases", found.pk)
    jobs.wake()
    return redirect("records:case_file", found.pk, file.pk)


@of_file(Right.ENTER, acts=True)
def give_up(request: HttpRequest, found: Submission, file: CaseFile) -> HttpResponse:
    """POST: an upload or a reading is given up; nothing of it stays."""
    if file.state != CaseFileState.DONE:
        case_files.forget(file)
        messages.success(request, "Đã hủy. Tệp và mọi dòng đã đọc được xóa.")
    return redirect("records:cases", found.pk)


@of_file(Right.APPROVE, acts=True)
def share(request: HttpRequest, found: Submission, file: CaseFile) -> HttpResponse:
    """POST: a reviewer lets all units below use the mapping by which this file was read."""
    units = reviewed_units(request, "Chỉ người duyệt số liệu dùng chung được cách ghép cột.")
    above = [unit for unit in units if unit.pk in found.unit.ancestor_ids()]
    try:
        case_files.share_mapping(file, above, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"Mọi đơn vị bên dưới chọn được cách ghép cột “{file.system}”.")
    return redirect("records:case_file", found.pk, file.pk)


def _context(found: Submission, file: CaseFile, may: bool, user: User, day: date) -> dict[str, Any]:
    month = Month.from_number(found.month)
    return {
        "found": found,
        "unit": found.unit,
        "file": file,
        "before": jobs.before(file) if file.is_open else 0,
        "gone": file.state in case_files.UNREAD and not case_files.is_there(file),
        "may": may,
        "may_cancel": may and file.is_open,
        "may_share": bool(file.system) and access.allowed(user, Right.APPROVE, found.unit, day),
        "faults": file.faults[:SHOWN_FAULTS],
        "untold": file.wrong - min(len(file.faults), SHOWN_FAULTS),
        "counts_here": counting_file(found.unit, month) == file,
        "one_month": file.first_month == file.last_month,
    }


def _mapping_page(
    request: HttpRequest,
    found: Submission,
    file: CaseFile,
    mapping: Mapping,
    *,
    form: MonthsForm | None = None,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    months = form.months if form and form.is_valid() else _months_of(file)
    columns, targets = [Column(**one) for one in file.columns], _targets(found, months)
    heads = {head: role for role, head in mapping.columns.items()}
    initial = {name: str(Month.from_number(getattr(file, f"{name}_month"))) for name in ("first", "last")}
    context = {
        **_context(found, file, True, request.user, request.day),
        "form": form or MonthsForm(Month.from_number(found.month), initial=initial),
        "problems": problems or [],
        "mapping": mapping,
        "roles": ROLES.items(),
        "columns": [(one, column_box(one), heads.get(one.head, "")) for one in columns],
        "rows": first_rows(file),
        "words": [
            (ROLES[role], meanings.items(), _words(role, columns, mapping))
            for role, meanings in targets.items()
        ],
        "check": None if mapping.lacks(columns, targets) else tried(file, columns, mapping),
        "name": read_name(request.POST) or file.system,
    }
    return render(request, "records/case_mapping.html", context, status=status)


def _months_of(file: CaseFile) -> tuple[Month, Month]:
    return Month.from_number(file.first_month), Month.from_number(file.last_month)


def _targets(found: Submission, months: tuple[Month, Month]) -> Targets:
    """What words may mean, with the fields that the unit reports in any month from the first to the last."""
    return targets_with(fields_of(Catalogue(calendar()), found.unit, Month.range(*months)))


def _words(role: str, columns: list[Column], mapping: Mapping) -> list[tuple[str, int, str, str]]:
    """Word, how often, name of its box, what it means; none where no column has the role."""
    column = next((one for one in columns if one.head == mapping.columns.get(role)), None)
    told = mapping.words.get(role, {})
    return [
        (word, column.words[word], word_box(role, column, place), told.get(folded(word), ""))
        for place, word in enumerate(words_of(column))
    ]
