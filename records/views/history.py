"""Who did what with a submission: its entries in the log, the newest first."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from figures.measures import LABELS
from figures.periods import Month
from figures.writing import count
from ledger.models import Entry
from records.models import Field, Procedure, Submission
from units import access
from units.access import Right
from units.models import User

from .fetch import submission_for

A_PAGE = 50
# How an edition names the file that wrote it (records.imports).
FROM_FILE = "tệp "
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


@dataclass(frozen=True)
class Act:
    """One entry in words; `changes` are (place, before, after)."""

    entry: Entry
    who: str
    words: str
    edition: int | None
    reason: str
    changes: list[tuple[str, str, str]]


@access.requires(Right.READ)
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """GET; `?page=` turns the pages."""
    found = submission_for(request.user, pk, Right.READ, request.day)
    own = Q(subject=found.subject) | Q(sequence__in=_of_files(found))
    entries = Entry.objects.filter(own).order_by("-sequence")
    page = Paginator(entries, A_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    names = {user.pk: str(user) for user in User.objects.filter(pk__in={one.actor_id for one in shown})}
    fields = dict(Field.objects.values_list("code", "name"))
    procedures = dict(Procedure.objects.values_list("code", "name"))
    acts = [_act(one, names, fields, procedures) for one in shown]
    context = {
        "found": found,
        "unit": found.unit,
        "month": Month.from_number(found.month),
        "acts": acts,
        "page": page,
    }
    return render(request, "records/history.html", context)


def _of_files(found: Submission) -> list[int]:
    """Entries of the files that the submission's editions came from: one entry stands for all months of a file."""
    writers = [one.saved_by for one in found.editions.all()]
    files = [f"file:{name.removeprefix(FROM_FILE)}" for name in writers if name.startswith(FROM_FILE)]
    entries = Entry.objects.filter(subject__in=files) if files else ()
    return [one.sequence for one in entries if found.pk in one.detail.get("submissions", ())]


def _act(entry: Entry, names: dict, fields: dict, procedures: dict) -> Act:
    detail = entry.detail if isinstance(entry.detail, dict) else {}
    cells = detail.get("cells")
    changes = []
    for row, values in cells.items() if isinstance(cells, dict) else ():
        field, _, procedure = row.partition("/")
        place = procedures.get(procedure, procedure) or fields.get(field, field)
        for measure, (before, after) in values.items():
            changes.append((f"{place}: {LABELS.get(measure, 'lý do')}", _said(before), _said(after)))
    return Act(
        entry=entry,
        who=names.get(entry.actor_id, entry.actor),
        words=ACTS.get(entry.action, "Việc khác"),
        edition=detail.get("edition"),
        reason=detail.get("reason", "") or _file(detail),
        changes=changes,
    )


def _file(detail: dict) -> str:
    return f"Tệp {detail['file']}" if "file" in detail else ""


def _said(value: int | str | None) -> str:
    return count(value) if value is None or isinstance(value, int) else f"“{value}”" if value else "—"
