"""Who did what with a submission: its entries in the log, the newest first."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cchc_dashboard import clock
from figures.measures import LABELS, measure_label
from figures.periods import Month
from ledger.models import Entry
from records.models import Field, Procedure, Submission
from records.outlets.lists import history_file
from records.queries.calendar import calendar
from records.queries.history import Told, history_of
from units import access
from units.access import Right
from units.models import User
from units.tablefile import TableFile, file_of

from .changed import said
from .fetch import submission_for

A_PAGE = 50
ACTS = {
    "submission.open": "Mở báo cáo",
    "submission.save": "Lưu số liệu",
    "submission.send": "Gửi",
    "submission.recall": "Rút lại để sửa",
    "submission.approve": "Duyệt",
    "submission.return": "Trả lại để sửa",
    "submission.reopen": "Mở lại",
    "submission.request_unlock": "Đề nghị mở khóa",
    "submission.unlock": "Đồng ý mở khóa",
    "submission.decline_unlock": "Không đồng ý mở khóa",
    "counts.import": "Nhập từ tệp",
    "counts.approve": "Duyệt khi nhập từ tệp",
}


# How a change came in, by what the log calls it.
WAYS = {"page": "trên trang", "file": "từ tệp", "api": "qua API", "cases": "từ tệp hồ sơ"}


@dataclass(frozen=True)
class CellChange:
    """A change of one cell in words; `name` as the form names the cell."""

    name: str
    place: str
    before: str
    after: str


@dataclass(frozen=True)
class Act:
    """One entry in words."""

    entry: Entry
    who: str
    words: str
    way: str
    edition: int | None
    reason: str
    changes: list[CellChange]


@access.requires(Right.READ)
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """GET; `?page=` turns the pages, `?o=ho-tich-opening` keeps to one cell."""
    found = submission_for(request.user, pk, Right.READ, request.day)
    cell = request.GET.get("o", "")
    known = history_of(found)
    listed = known.acts
    if cell:
        listed = [entry for entry in listed if any(name == cell for name, *_ in entry.cells)]
    if file := file_of(request, {"": lambda: _file(found, listed, cell)}):
        return file
    page = Paginator(listed, A_PAGE).get_page(request.GET.get("page"))
    names = _Names(found, [entry.entry for entry in page.object_list])
    context = {
        "found": found,
        "unit": found.unit,
        "month": Month.from_number(found.month),
        "acts": [_act(entry, names, cell) for entry in page.object_list],
        "page": page,
        "cell": names.of_cell(cell) if cell else "",
        "known": known,
        "first": next((said(value) for name, _, value in known.first if name == cell), ""),
    }
    return render(request, "records/history.html", context)


def _file(found: Submission, listed: list[Told], cell: str) -> TableFile:
    names = _Names(found, [entry.entry for entry in listed])
    about = names.of_cell(cell) if cell else f"báo cáo {Month.from_number(found.month).label}"
    title = f"Lịch sử {about}, {found.unit.name}"
    return history_file(title, (_act(entry, names, cell) for entry in listed), clock.now())


class _Names:
    """People by number, rows by code, cells by the names of the form."""

    def __init__(self, found: Submission, entries: list[Entry]) -> None:
        self.people = {
            user.pk: str(user) for user in User.objects.filter(pk__in={one.actor_id for one in entries})
        }
        self.fields = dict(Field.objects.values_list("code", "name"))
        self.procedures = dict(Procedure.objects.values_list("code", "name"))
        self.day = calendar().span(Month.from_number(found.month)).end

    def of_cell(self, name: str) -> str:
        row, _, measure = name.rpartition("-")
        field, _, procedure = row.partition("/")
        place = self.procedures.get(procedure, procedure) or self.fields.get(field, field)
        return f"{place}: {measure_label(measure, self.day) if measure in LABELS else 'lý do'}"


def _act(told: Told, names: _Names, cell: str) -> Act:
    entry = told.entry
    detail = entry.detail if isinstance(entry.detail, dict) else {}
    changes = [
        CellChange(name, names.of_cell(name), said(before), said(after))
        for name, before, after in told.cells
        if cell in ("", name)
    ]
    way = "file" if "file" in detail else detail.get("way", "page")
    return Act(
        entry=entry,
        who=names.people.get(entry.actor_id, entry.actor),
        words=ACTS.get(entry.action, "Việc khác"),
        way=WAYS.get(way, "") if changes else "",
        edition=detail.get("edition"),
        reason=detail.get("reason", "") or (f"Tệp {detail['file']}" if "file" in detail else ""),
        changes=changes,
    )
