"""Who changed what in a month, from the log: the history page, conflicts, and changed cells for the reviewer."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.models import User
from core import clock, web
from core.web import Right, page_of
from figures.formatting import format_count
from figures.measures import LABELS, MEASURES, measure_label
from figures.periods import Month
from ledger.models import Entry
from records.calendar.queries import stored_calendar
from records.submissions.fetch import submission_or_404
from records.submissions.lines import GridLine
from spreadsheets.table_writer import Cell, TableColumn, TableFile, requested_file

from .models import DossierCount, Edition, Field, Procedure, Submission

# For a page that is further behind, all cells count as changed.
MAX_SAVINGS = 500
SAVE_ACT, SEND_ACT = "submission.save", "submission.send"
# Actions that end the clerk's editing: later savings change what was sent.
_ENDS_OF_EDITING = (
    SEND_ACT,
    "submission.return",
    "submission.recall",
    "submission.approve",
    "submission.reopen",
)
_UNLOCK = "submission.unlock"


@dataclass(frozen=True)
class CellChange:
    """One cell over some log entries: value before and after, and who changed it last."""

    row: str
    measure: str
    before: int | str | None
    after: int | str | None
    by: str
    at: datetime

    @property
    def name(self) -> str:
        """The name of the cell in the form; "ho-tich-reason" is the reason of a row."""
        return f"{self.row}-{self.measure}"


CellChanges = Mapping[str, CellChange]


@dataclass(frozen=True)
class ResentChanges:
    """The changes of a month that was sent again, and the cells that its reviewer had marked."""

    changes: CellChanges
    marked: Sequence[str] = ()
    reason: str = ""

    @property
    def cells(self) -> list[CellChange]:
        """The changes of counts, without reasons."""
        return [change for change in self.changes.values() if change.measure != "reason"]

    @property
    def left(self) -> list[str]:
        """Marked cells that did not change."""
        return [name for name in self.marked if name not in self.changes]


def changes_since(submission: Submission, revision: int, upto: int) -> CellChanges | None:
    """The net changes between two revisions of a submission; None where the log does not have each saving (a file wrote
    the month, or it was reopened). Two queries.
    """
    if not 0 <= upto - revision <= MAX_SAVINGS:
        return None
    saved = Entry.objects.filter(subject=submission.subject, action=SAVE_ACT)
    entries = list(
        saved.filter(detail__revision__gt=revision, detail__revision__lte=upto).order_by("sequence")
    )
    if sorted(entry.detail["revision"] for entry in entries) != list(range(revision + 1, upto + 1)):
        return None
    return net_changes(entries)


def resent_changes(editions: Iterable[Edition]) -> dict[int, ResentChanges]:
    """{edition id: what changed since it, or the edition before it, was last sent}, without editions that were sent for
    the first time. At most three queries.
    """
    by_subject = {edition.submission.subject: edition for edition in editions}
    acts: dict[str, list[Entry]] = defaultdict(list)
    turns = Entry.objects.filter(subject__in=list(by_subject), action__in=[*_ENDS_OF_EDITING, _UNLOCK])
    for entry in turns.order_by("sequence"):
        acts[entry.subject].append(entry)
    before = {subject: turn for subject, listed in acts.items() if (turn := _end_of_editing(listed))}
    within = Q(pk__in=[])
    for subject, turn in before.items():
        within |= Q(subject=subject, sequence__gt=turn.sequence)
    saved: dict[str, list[Entry]] = defaultdict(list)
    for entry in Entry.objects.filter(within, action=SAVE_ACT).order_by("sequence"):
        saved[entry.subject].append(entry)
    names = _names(entry for listed in saved.values() for entry in listed)
    return {
        by_subject[subject].pk: ResentChanges(
            _merge_changes(saved[subject], names),
            tuple(turn.detail.get("cells", ())),
            turn.detail.get("reason", ""),
        )
        for subject, turn in before.items()
    }


def _end_of_editing(acts: list[Entry]) -> Entry | None:
    """The last action that ended the editing before the current sending; None at the first sending. A file sends
    without a log entry for it.
    """
    earlier = acts[:-1] if acts[-1].action == SEND_ACT else acts
    turns = [act for act in earlier if act.action != _UNLOCK or act.detail["edition"] > 1]
    return turns[-1] if turns else None


def net_changes(entries: Iterable[Entry]) -> dict[str, CellChange]:
    """The net changes of savings in log order, without cells that have their first value again. One query."""
    entries = list(entries)
    return _merge_changes(entries, _names(entries))


def _names(entries: Iterable[Entry]) -> dict[int | None, str]:
    return {user.pk: str(user) for user in User.objects.filter(pk__in={entry.actor_id for entry in entries})}


def _file_named(entry: Entry) -> str:
    """The name for a file without a person."""
    return f"{Edition.FROM_FILE}{entry.detail['file']}" if "file" in entry.detail else ""


def _merge_changes(entries: Iterable[Entry], names: Mapping[Any, str]) -> dict[str, CellChange]:
    changes: dict[str, CellChange] = {}
    for entry in entries:
        by = names.get(entry.actor_id) or _file_named(entry) or entry.actor
        for row, cells in entry.detail["cells"].items():
            for measure, (before, after) in cells.items():
                change = CellChange(row, measure, before, after, by, entry.at)
                first = changes.get(change.name)
                changes[change.name] = replace(change, before=first.before) if first else change
    return {name: change for name, change in changes.items() if change.before != change.after}


def split_clashes(
    mine: Mapping[str, Any], theirs: CellChanges
) -> tuple[dict[str, CellChange], dict[str, CellChange]]:
    """(conflicts, others): cells that both sides changed to different values, and the rest of `theirs`, which can be
    taken over.
    """
    both = {name: change for name, change in theirs.items() if name in mine and mine[name] != change.after}
    return both, {name: change for name, change in theirs.items() if name not in both}


IMPORT_ACT = "counts.import"

# Name of the cell in the form, value before, value after.
CellValues = tuple[str, Any, Any]


@dataclass(frozen=True)
class HistoryEntry:
    """A log entry with its changed cells."""

    entry: Entry
    cells: list[CellValues]


@dataclass(frozen=True)
class SubmissionHistory:
    """All entries, the newest first, and the values from before the first logged change (`first`); `by` and `at`: who
    wrote those and when, where known.
    """

    acts: list[HistoryEntry]
    first: list[CellValues]
    by: str = ""
    at: datetime | None = None


def submission_history(submission: Submission) -> SubmissionHistory:
    """At most five queries. The log entry of a file covers all of its months and names no cells: what it wrote into an
    empty month is derived from the first edition's rows by undoing the logged changes.
    """
    editions = list(submission.editions.order_by("number"))
    own = list(Entry.objects.filter(subject=submission.subject))
    entries = sorted([*own, *_file_entries(submission, editions, own)], key=lambda entry: -entry.sequence)
    saves = [entry for entry in entries if entry.action == SAVE_ACT]
    written = {entry.at for entry in saves if "file" in entry.detail}
    silent = [entry for entry in entries if entry.action == IMPORT_ACT and entry.at not in written]
    first = _first_cells(submission, saves)
    by_file = silent[0] if len(silent) == 1 else None
    acts = [
        HistoryEntry(
            entry, first if entry is by_file else list(_cells(entry)) if entry.action == SAVE_ACT else []
        )
        for entry in entries
    ]
    if by_file or not first:
        return SubmissionHistory(acts, [])
    unlogged = not any(entry.detail.get("edition") == 1 for entry in saves)
    return SubmissionHistory(acts, first, *((editions[0].saved_by, editions[0].saved_at) if unlogged else ()))


def _cells(entry: Entry) -> Iterator[CellValues]:
    for row, values in entry.detail["cells"].items():
        for measure, (before, after) in values.items():
            yield f"{row}-{measure}", before, after


def _first_cells(submission: Submission, saves: list[Entry]) -> list[CellValues]:
    """The first edition's values with all logged changes undone."""
    values: dict[str, Any] = {}
    rows = DossierCount.objects.filter(edition__submission=submission, edition__number=1)
    for row in rows.select_related("field", "procedure").order_by("field__order", "field__code", "pk"):
        code = f"{row.field.code}/{row.procedure.code}" if row.procedure else row.field.code
        values |= {f"{code}-{name}": getattr(row, name) for name in MEASURES}
        values[f"{code}-reason"] = row.reason
    for entry in saves:
        if entry.detail.get("edition") == 1:
            values |= {name: before for name, before, _ in _cells(entry)}
    return [(name, None, value) for name, value in values.items() if value not in (None, "")]


def _file_entries(submission: Submission, editions: list[Edition], own: list[Entry]) -> list[Entry]:
    """Log entries of the files that wrote the editions, by the names in `saved_by` and `follows`."""
    writers = {edition.saved_by for edition in editions}
    writers |= {entry.detail.get("follows", "") for entry in own if entry.action == SAVE_ACT}
    files = [
        f"file:{name.removeprefix(Edition.FROM_FILE)}"
        for name in writers
        if name.startswith(Edition.FROM_FILE)
    ]
    entries = Entry.objects.filter(subject__in=files) if files else ()
    return [entry for entry in entries if submission.pk in entry.detail.get("submissions", ())]


def value_text(value: int | str | None) -> str:
    """A stored value or reason as text."""
    return format_count(value) if value is None or isinstance(value, int) else f"“{value}”" if value else "—"


@dataclass(frozen=True)
class ResentCell:
    """A changed cell, or a marked one that is `unchanged`; `words`: a reason, not a number."""

    place: str
    address: str
    before: str
    after: str
    marked: bool
    unchanged: bool = False
    words: bool = False
    by: str = ""
    at: datetime | None = None


def resent_cells(edition: Edition, lines: Iterable[GridLine], day: date) -> dict[str, Any]:
    """Template context for a sent edition, marked cells first; {} for one that was never sent before."""
    resent = resent_changes([edition]).get(edition.pk)
    if resent is None:
        return {}
    history = reverse("records:history", args=[edition.submission_id])
    places = {
        line.name(measure): (f"{line.label}: {measure_label(measure, day)}", line.values[measure])
        for line in lines
        for measure in MEASURES
    }
    places |= {line.name("reason"): (f"{line.label}: lý do", line.reason) for line in lines}
    cells = [_resent_cell(change, places, history, resent.marked) for change in resent.changes.values()]
    cells += [
        ResentCell(
            place, f"{history}?o={name}", value_text(value), value_text(value), marked=True, unchanged=True
        )
        for name in resent.left
        if name in places
        for place, value in [places[name]]
    ]
    cells.sort(key=lambda cell: not cell.marked)
    return {"resent": resent, "changed": cells, "mended": len(resent.marked) - len(resent.left)}


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
    """A row for each changed cell, and one for an action without any."""
    return TableFile("lich-su", title, HISTORY_COLUMNS, _history_rows(acts), at)


def _history_rows(acts: Iterable) -> Iterator[tuple[Cell, ...]]:
    for act in acts:
        head = (act.entry.at, act.who, act.words, act.way, act.edition, act.reason)
        for change in act.changes:
            yield (*head, change.place, change.before, change.after)
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


# By `way` in the log.
WAY_WORDS = {"page": "trên trang", "file": "từ tệp", "api": "qua API", "cases": "từ tệp hồ sơ"}


@dataclass(frozen=True)
class ShownChange:
    """A change of one cell as text; `name` is that of the cell in the form."""

    name: str
    place: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownAct:
    """A log entry as text."""

    entry: Entry
    who: str
    words: str
    way: str
    edition: int | None
    reason: str
    changes: list[ShownChange]


@web.requires(Right.READ)
def history_page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET; `?o=ho-tich-opening` shows one cell only."""
    submission = submission_or_404(request.user, pk, Right.READ, request.day)
    cell = request.GET.get("o", "")
    history = submission_history(submission)
    listed = history.acts
    if cell:
        listed = [entry for entry in listed if any(name == cell for name, *_ in entry.cells)]
    if file := requested_file(request, {"": lambda: _file(submission, listed, cell)}):
        return file
    page = page_of(request, listed, PAGE_SIZE)
    names = _EntryNames(submission, [entry.entry for entry in page.object_list])
    context = {
        "found": submission,
        "unit": submission.unit,
        "month": Month.from_number(submission.month),
        "acts": [_shown_act(entry, names, cell) for entry in page.object_list],
        "page": page,
        "cell": names.cell_label(cell) if cell else "",
        "known": history,
        "first": next((value_text(value) for name, _, value in history.first if name == cell), ""),
    }
    return render(request, "records/change_history/history.html", context)


def _file(submission: Submission, listed: list[HistoryEntry], cell: str) -> TableFile:
    names = _EntryNames(submission, [entry.entry for entry in listed])
    about = names.cell_label(cell) if cell else f"báo cáo {Month.from_number(submission.month).label}"
    title = f"Lịch sử {about}, {submission.unit.name}"
    return history_file(title, (_shown_act(entry, names, cell) for entry in listed), clock.now())


class _EntryNames:
    """Names of people (by id), fields and procedures (by code), for the entries of a page."""

    def __init__(self, submission: Submission, entries: list[Entry]) -> None:
        self.people = {
            user.pk: str(user) for user in User.objects.filter(pk__in={entry.actor_id for entry in entries})
        }
        self.fields = dict(Field.objects.values_list("code", "name"))
        self.procedures = dict(Procedure.objects.values_list("code", "name"))
        self.day = stored_calendar().span(Month.from_number(submission.month)).end

    def cell_label(self, name: str) -> str:
        row, _, measure = name.rpartition("-")
        field, _, procedure = row.partition("/")
        place = self.procedures.get(procedure, procedure) or self.fields.get(field, field)
        return f"{place}: {measure_label(measure, self.day) if measure in LABELS else 'lý do'}"


def _shown_act(history_entry: HistoryEntry, names: _EntryNames, cell: str) -> ShownAct:
    entry = history_entry.entry
    detail = entry.detail if isinstance(entry.detail, dict) else {}
    changes = [
        ShownChange(name, names.cell_label(name), value_text(before), value_text(after))
        for name, before, after in history_entry.cells
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
