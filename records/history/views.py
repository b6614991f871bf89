"""The history page of a submission, and the list of changed cells for its reviewer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.models import User
from core import clock
from core.web import rights
from core.web.rights import Right
from figures.formatting import format_count
from figures.measures import LABELS, MEASURES, measure_label
from figures.periods import Month
from ledger.models import Entry
from records.calendar.queries import stored_calendar
from records.models import Edition, Field, Procedure, Submission
from records.submissions.fetch import submission_or_404
from records.submissions.lines import GridLine
from spreadsheets.table_file import Cell, TableColumn, TableFile, requested_file

from .queries import CellChange, HistoryEntry, resent_changes, submission_history


def value_text(value: int | str | None) -> str:
    """A stored number or reason in words."""
    return format_count(value) if value is None or isinstance(value, int) else f"“{value}”" if value else "—"


@dataclass(frozen=True)
class ResentCell:
    """A cell that changed, or (kept) that was marked and did not; `words`: a stated reason, no number."""

    place: str
    address: str
    before: str
    after: str
    marked: bool
    kept: bool = False
    words: bool = False
    by: str = ""
    at: datetime | None = None


def resent_cells(edition: Edition, lines: Iterable[GridLine], day: date) -> dict[str, Any]:
    """For the page of a sent edition; nothing for one that was never sent before. Marked cells come first."""
    found = resent_changes([edition]).get(edition.pk)
    if found is None:
        return {}
    history = reverse("records:history", args=[edition.submission_id])
    places = {
        line.name(measure): (f"{line.label}: {measure_label(measure, day)}", line.values[measure])
        for line in lines
        for measure in MEASURES
    }
    places |= {line.name("reason"): (f"{line.label}: lý do", line.reason) for line in lines}
    told = [_resent_cell(change, places, history, found.marked) for change in found.changes.values()]
    told += [
        ResentCell(place, f"{history}?o={name}", value_text(value), value_text(value), marked=True, kept=True)
        for name in found.left
        if (known := places.get(name)) is not None
        for place, value in [known]
    ]
    told.sort(key=lambda one: not one.marked)
    return {"resent": found, "changed": told, "mended": len(found.marked) - len(found.left)}


def _resent_cell(change: CellChange, places: dict, history: str, marked: Iterable[str]) -> ResentCell:
    place, _ = places.get(change.name, (change.name, None))
    return ResentCell(
        place,
        f"{history}?o={change.name}",
        value_text(change.before),
        value_text(change.after),
        change.name in marked,
        words=change.measure == "reason",
        by=change.by,
        at=change.at,
    )


HISTORY_COLUMNS = (
    TableColumn("at", "Lúc", width=20),
    TableColumn("who", "Người thực hiện", width=30),
    TableColumn("act", "Việc", width=26),
    TableColumn("way", "Cách", width=14),
    TableColumn("edition", "Lần"),
    TableColumn("reason", "Lý do, tệp", width=40),
    TableColumn("cell", "Ô", width=50),
    TableColumn("before", "Số cũ"),
    TableColumn("after", "Số mới"),
)


def history_file(title: str, acts: Iterable, at: datetime) -> TableFile:
    """Who did what with a month: a row for each changed cell, and one for an act without any."""
    return TableFile("lich-su", title, HISTORY_COLUMNS, _history_rows(acts), at)


def _history_rows(acts: Iterable) -> Iterator[tuple[Cell, ...]]:
    for act in acts:
        head = (act.entry.at, act.who, act.words, act.way, act.edition, act.reason)
        for one in act.changes:
            yield (*head, one.place, one.before, one.after)
        if not act.changes:
            yield (*head, "", "", "")


PAGE_SIZE = 50
ACT_WORDS = {
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
WAY_WORDS = {"page": "trên trang", "file": "từ tệp", "api": "qua API", "cases": "từ tệp hồ sơ"}


@dataclass(frozen=True)
class ShownChange:
    """A change of one cell in words; `name` as the form names the cell."""

    name: str
    place: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownAct:
    """One entry in words."""

    entry: Entry
    who: str
    words: str
    way: str
    edition: int | None
    reason: str
    changes: list[ShownChange]


@rights.requires(Right.READ)
def history_page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET; `?page=` turns the pages, `?o=ho-tich-opening` keeps to one cell."""
    found = submission_or_404(request.user, pk, Right.READ, request.day)
    cell = request.GET.get("o", "")
    known = submission_history(found)
    listed = known.acts
    if cell:
        listed = [entry for entry in listed if any(name == cell for name, *_ in entry.cells)]
    if file := requested_file(request, {"": lambda: _file(found, listed, cell)}):
        return file
    page = Paginator(listed, PAGE_SIZE).get_page(request.GET.get("page"))
    names = _Names(found, [entry.entry for entry in page.object_list])
    context = {
        "found": found,
        "unit": found.unit,
        "month": Month.from_number(found.month),
        "acts": [_act(entry, names, cell) for entry in page.object_list],
        "page": page,
        "cell": names.of_cell(cell) if cell else "",
        "known": known,
        "first": next((value_text(value) for name, _, value in known.first if name == cell), ""),
    }
    return render(request, "records/history/history.html", context)


def _file(found: Submission, listed: list[HistoryEntry], cell: str) -> TableFile:
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
        self.day = stored_calendar().span(Month.from_number(found.month)).end

    def of_cell(self, name: str) -> str:
        row, _, measure = name.rpartition("-")
        field, _, procedure = row.partition("/")
        place = self.procedures.get(procedure, procedure) or self.fields.get(field, field)
        return f"{place}: {measure_label(measure, self.day) if measure in LABELS else 'lý do'}"


def _act(told: HistoryEntry, names: _Names, cell: str) -> ShownAct:
    entry = told.entry
    detail = entry.detail if isinstance(entry.detail, dict) else {}
    changes = [
        ShownChange(name, names.of_cell(name), value_text(before), value_text(after))
        for name, before, after in told.cells
        if cell in ("", name)
    ]
    way = "file" if "file" in detail else detail.get("way", "page")
    return ShownAct(
        entry=entry,
        who=names.people.get(entry.actor_id, entry.actor),
        words=ACT_WORDS.get(entry.action, "Việc khác"),
        way=WAY_WORDS.get(way, "") if changes else "",
        edition=detail.get("edition"),
        reason=detail.get("reason", "") or (f"Tệp {detail['file']}" if "file" in detail else ""),
        changes=changes,
    )
