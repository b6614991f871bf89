"""Who changed what in a month, read from the log; the history page, and the list of changed cells for the
reviewer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.models import User
from core import clock, web
from core.web import Right
from figures.formatting import format_count
from figures.measures import LABELS, MEASURES, measure_label
from figures.periods import Month
from ledger.models import Entry
from records.calendar.queries import stored_calendar
from records.submissions.fetch import submission_or_404
from records.submissions.lines import GridLine
from spreadsheets.table_writer import Cell, TableColumn, TableFile, requested_file

from .models import DossierCount, Edition, Field, Procedure, Submission

# A page that is further behind than this is told everything instead of what changed.
MAX_SAVINGS = 500
SAVE_ACT, SEND_ACT = "submission.save", "submission.send"
# Acts after which the numbers were out of the clerk's hands: what is saved later changes what was sent.
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
    """One cell over a stretch of the log: what it held before, what it holds after, and who changed it last."""

    row: str
    measure: str
    before: int | str | None
    after: int | str | None
    by: str
    at: datetime

    @property
    def name(self) -> str:
        """As the form names the cell; "ho-tich-reason" is the stated reason of a row."""
        return f"{self.row}-{self.measure}"


CellChanges = Mapping[str, CellChange]


@dataclass(frozen=True)
class ResentChanges:
    """What a month that was sent again changed, and what became of the cells that its reviewer had marked."""

    changes: CellChanges
    marked: Sequence[str] = ()
    reason: str = ""

    @property
    def cells(self) -> list[CellChange]:
        """Without the stated reasons."""
        return [change for change in self.changes.values() if change.measure != "reason"]

    @property
    def left(self) -> list[str]:
        """Marked cells that hold what they held."""
        return [name for name in self.marked if name not in self.changes]


def changes_since(submission: Submission, revision: int, upto: int) -> CellChanges | None:
    """What the savings between two revisions of a submission came to; None where the log does not tell each of them
    (a file wrote the month, or it was opened anew). Two queries.
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
    """By number of the edition: what changed since it, or the one before it, was last sent. Only sent editions that
    were out of the clerk's hands before are there. At most three queries.
    """
    wanted = {edition.submission.subject: edition for edition in editions}
    acts: dict[str, list[Entry]] = defaultdict(list)
    turns = Entry.objects.filter(subject__in=list(wanted), action__in=[*_ENDS_OF_EDITING, _UNLOCK])
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
        wanted[subject].pk: ResentChanges(
            _net(saved[subject], names), tuple(turn.detail.get("cells", ())), turn.detail.get("reason", "")
        )
        for subject, turn in before.items()
    }


def _end_of_editing(acts: list[Entry]) -> Entry | None:
    """What took the numbers of a sent edition out of the clerk's hands before they were sent as they are now; None at
    the first sending. A file sends without an act of its own.
    """
    earlier = acts[:-1] if acts[-1].action == SEND_ACT else acts
    turns = [one for one in earlier if one.action != _UNLOCK or one.detail["edition"] > 1]
    return turns[-1] if turns else None


def net_changes(entries: Iterable[Entry]) -> dict[str, CellChange]:
    """The net changes of some savings, given in the order of the log; cells that came back to what they were are
    left out. One query.
    """
    entries = list(entries)
    return _net(entries, _names(entries))


def _names(entries: Iterable[Entry]) -> dict[int | None, str]:
    return {user.pk: str(user) for user in User.objects.filter(pk__in={entry.actor_id for entry in entries})}


def _file_named(entry: Entry) -> str:
    """A file that nobody answers for by name."""
    return f"{Edition.FROM_FILE}{entry.detail['file']}" if "file" in entry.detail else ""


def _net(entries: Iterable[Entry], names: Mapping[Any, str]) -> dict[str, CellChange]:
    found: dict[str, CellChange] = {}
    for entry in entries:
        by = names.get(entry.actor_id) or _file_named(entry) or entry.actor
        for row, cells in entry.detail["cells"].items():
            for measure, (before, after) in cells.items():
                change = CellChange(row, measure, before, after, by, entry.at)
                first = found.get(change.name)
                found[change.name] = replace(change, before=first.before) if first else change
    return {name: change for name, change in found.items() if change.before != change.after}


def split_clashes(
    mine: Mapping[str, Any], theirs: CellChanges
) -> tuple[dict[str, CellChange], dict[str, CellChange]]:
    """Cells that both sides changed, to different values, and the others that only the other side changed (or both
    alike): the first are asked about, the second are taken over.
    """
    both = {name: change for name, change in theirs.items() if name in mine and mine[name] != change.after}
    return both, {name: change for name, change in theirs.items() if name not in both}


IMPORT_ACT = "counts.import"

# Name of the cell in the form, what it held before and after.
CellValues = tuple[str, Any, Any]


@dataclass(frozen=True)
class HistoryEntry:
    """An entry of the log with what it changed."""

    entry: Entry
    cells: list[CellValues]


@dataclass(frozen=True)
class SubmissionHistory:
    """All entries, the newest first, and the numbers that were there before the first of them tells any cell; `by` and
    `at`: who wrote these, where that is still known.
    """

    acts: list[HistoryEntry]
    first: list[CellValues]
    by: str = ""
    at: datetime | None = None


def submission_history(submission: Submission) -> SubmissionHistory:
    """At most five queries. A file's entry stands for all of its months and names no cell: what it wrote into an empty
    month is what the first edition's rows held before the first change that the log tells.
    """
    editions = list(submission.editions.order_by("number"))
    own = list(Entry.objects.filter(subject=submission.subject))
    entries = sorted([*own, *_file_entries(submission, editions, own)], key=lambda one: -one.sequence)
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
    known = not any(entry.detail.get("edition") == 1 for entry in saves)
    return SubmissionHistory(acts, first, *((editions[0].saved_by, editions[0].saved_at) if known else ()))


def _cells(entry: Entry) -> Iterator[CellValues]:
    for row, values in entry.detail["cells"].items():
        for measure, (before, after) in values.items():
            yield f"{row}-{measure}", before, after


def _first_cells(submission: Submission, saves: list[Entry]) -> list[CellValues]:
    """The first edition's rows, with every logged change of it undone."""
    held: dict[str, Any] = {}
    rows = DossierCount.objects.filter(edition__submission=submission, edition__number=1)
    for row in rows.select_related("field", "procedure").order_by("field__order", "field__code", "pk"):
        code = f"{row.field.code}/{row.procedure.code}" if row.procedure else row.field.code
        held |= {f"{code}-{name}": getattr(row, name) for name in MEASURES}
        held[f"{code}-reason"] = row.reason
    for entry in saves:
        if entry.detail.get("edition") == 1:
            held |= {name: before for name, before, _ in _cells(entry)}
    return [(name, None, value) for name, value in held.items() if value not in (None, "")]


def _file_entries(submission: Submission, editions: list[Edition], own: list[Entry]) -> list[Entry]:
    """Entries of the files that wrote the submission's editions, by the names that these and their savings keep."""
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


@web.requires(Right.READ)
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
            user.pk: str(user) for user in User.objects.filter(pk__in={entry.actor_id for entry in entries})
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
