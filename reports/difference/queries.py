"""The difference between two frozen reviews, with the reasons that the log gives."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils.text import capfirst

from accounts.models import User
from figures.formatting import format_count, format_day
from figures.measures import LABELS, measure_label
from figures.periods import Month, Period
from figures.summary import Summary
from ledger.models import Entry
from ledger.purged_hashes import PurgedHashes
from records.calendar.queries import stored_calendar
from records.models import Field, Procedure, Submission
from reports.document.document import document_facts, read
from reports.models import Review
from reports.review_text import bound_text
from reports.review_text.facts import scopes
from units.models import Unit, subtree
from units.succession.inheritance import in_history_of

from . import text_diff
from .text_diff import ChangedFigure, ChangedSection

# What of a month's entries tells why its figures are others.
ACTS = {
    "submission.save": "Sửa số liệu",
    "submission.return": "Trả lại để sửa",
    "submission.request_unlock": "Đề nghị mở khóa",
    "submission.unlock": "Đồng ý mở khóa",
    "submission.approve": "Duyệt",
    "counts.import": "Nhập từ tệp",
    "indicators.save": "Sửa chỉ tiêu",
}
MOST_ENTRIES = 500


@dataclass(frozen=True)
class FigureGroup:
    """Figures that belong together: a tier, the total, a unit, indicators."""

    name: str
    figures: list[ChangedFigure]


@dataclass(frozen=True)
class CorrectionReason:
    """An entry of the log between two reviews: who did what to which unit's month, when, and why; `cells` in words."""

    at: datetime
    who: str
    act: str
    unit: str
    month: str
    why: str
    cells: list[str]


@dataclass(frozen=True)
class ReviewDifference:
    """Everything that differs. `cut`: there are more entries than are told. `same_period`: else figures differ because
    time has passed, and no entry is told. `purged`: some of the entries between them were deleted as too old.
    """

    groups: list[FigureGroup]
    parts: list[ChangedSection]
    reasons: list[CorrectionReason]
    cut: bool
    same_period: bool
    purged: bool


def difference_between(old: Review, new: Review) -> ReviewDifference:
    """Of two frozen reviews. A fixed number of queries, whatever differs."""
    earlier, later = read(old.frozen), read(new.frozen)
    groups = _grouped(
        text_diff.changed_figures(document_facts(earlier), document_facts(later)), later, earlier
    )
    parts = text_diff.changed_sections(_sections(earlier), _sections(later))
    same = (old.unit_id, old.period) == (new.unit_id, new.period)
    reasons = list(_reasons(old, new)) if same else []
    purged = same and PurgedHashes().last > _heads(old, new)[0]
    return ReviewDifference(groups, parts, reasons[:MOST_ENTRIES], len(reasons) > MOST_ENTRIES, same, purged)


def _heads(old: Review, new: Review) -> tuple[int, int]:
    """The heads of the log that two reviews keep, the earlier first."""
    first, last = sorted(int(one.frozen["log"]["sequence"]) for one in (old, new))
    return first, last


def _grouped(changed: Iterable[ChangedFigure], *docs: dict[str, Any]) -> list[FigureGroup]:
    names = {"indicator": "Chỉ tiêu khác", "target": "Chỉ tiêu giao", "tasks": "Nhiệm vụ"}
    units: dict[str, str] = {}
    for doc in docs:
        now = Summary.from_dict(doc["figures"])
        units |= {f"unit.{row.key}": row.name for row in now.rows if f"unit.{row.key}" not in units}
        for key, name, _ in scopes(now):
            names.setdefault(f"now.{key}", capfirst(name))
            names.setdefault(f"before.{key}", f"Cùng kỳ năm trước, {name}")
    found: dict[str, list[ChangedFigure]] = {}
    for one in changed:
        two = ".".join(one.key.split(".")[:2])
        name = units.get(two) or names.get(two) or names.get(one.key.split(".")[0], "Báo cáo đã có")
        found.setdefault(name, []).append(one)
    return [FigureGroup(name, figures) for name, figures in found.items()]


def _sections(doc: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """The words of a review section by section, with what stands around them."""
    header = doc["header"]
    yield ":opening", "Tên, câu mở đầu", [doc["review"]["title"], *_filled(header["opening"])]
    for place, one in enumerate(doc["sections"]):
        texts = [
            bound_text.paragraph_text(bound_text.paragraph_from_data(paragraph))
            for paragraph in one["paragraphs"]
        ]
        yield one.get("key") or f"{place}:{one['heading']}", one["heading"], texts
    told = [f"{one['text']} ({one['responsible'] or '—'}; {_day(one['deadline'])})" for one in doc["tasks"]]
    yield ":tasks", "Nhiệm vụ kỳ tới", told
    meeting = [header[name] for name in ("meeting_place", "chaired", "attended") if header.get(name)]
    yield ":meeting", "Hội nghị", [*_filled(_day(header["meeting_day"])), *meeting]
    signer = [*doc["signer"]["lines"], *_filled(doc["signer"]["name"])]
    yield ":end", "Câu kết thúc, nơi nhận, ký", [*_filled(header["closing"]), *doc["recipients"], *signer]


def _filled(text: str) -> list[str]:
    return [text] if text and text != "—" else []


def _day(text: str) -> str:
    return format_day(date.fromisoformat(text)) if text else "—"


def _reasons(old: Review, new: Review) -> Iterator[CorrectionReason]:
    """The entries between the heads of the log that the two reviews keep, about months of their period below their
    unit, the oldest first; by the units of a day, of those whose history it carries on.
    """
    period = Period.parse(new.period)
    end = stored_calendar().bounds(period)[1]
    counted = Unit.objects.filter(_counted(old, new)).order_by("active_from")
    below = Submission.objects.filter(
        unit__in=counted.order_by(), month__gte=period.first.number, month__lte=period.last.number
    )
    months = {one.pk: one for one in below.select_related("unit")}
    # Of those who held a code one after the other, the one that held it in the period.
    units = dict(counted.filter(active_from__lte=end).values_list("code", "name"))
    first, last = _heads(old, new)
    entries = Entry.objects.filter(sequence__gt=first, sequence__lte=last, action__in=ACTS).order_by(
        "sequence"
    )
    found: list[tuple[Entry, str, str]] = []
    for entry in entries.iterator(chunk_size=2000):
        found += [(entry, *place) for place in _places(entry, months, units, period)]
        if len(found) > MOST_ENTRIES:
            break
    words = _Words([entry for entry, *_ in found], end)
    yield from (words.told(*one) for one in found)


def _counted(*reviews: Review) -> Q:
    """Condition on units: those whose months one of the reviews tells. One query for each that is by a day's units."""
    found = subtree(reviews[0].unit.path)
    for units_of in {one.units_of for one in reviews} - {None}:
        found |= in_history_of(reviews[0].unit, units_of)
    return found


def _places(
    entry: Entry, months: dict[int, Submission], units: dict[str, str], period: Period
) -> Iterator[tuple[str, str]]:
    """The unit and month that an entry is about, where that concerns the review; a file's entry is about several."""
    detail = entry.detail
    if entry.action == "indicators.save":
        if detail.get("unit") in units and detail.get("period") == period.code:
            yield units[detail["unit"]], period.label
        return
    own = entry.subject.removeprefix("submission:")
    numbers = (
        detail.get("submissions", ())
        if entry.action == "counts.import"
        else [int(own) if own.isdigit() else 0]
    )
    for number in numbers:
        if number in months:
            yield months[number].unit.name, Month.from_number(months[number].month).label


class _Words:
    """Names of people, fields and procedures, each asked for once."""

    def __init__(self, entries: list[Entry], end: date) -> None:
        actors = User.objects.filter(pk__in={one.actor_id for one in entries})
        self.people = {user.pk: str(user) for user in actors}
        self.fields = dict(Field.objects.values_list("code", "name"))
        self.procedures = dict(Procedure.objects.values_list("code", "name"))
        self.day = end

    def told(self, entry: Entry, unit: str, month: str) -> CorrectionReason:
        detail = entry.detail
        cells = list(self._cells(detail.get("cells"))) if entry.action == "submission.save" else []
        why = detail.get("reason") or detail.get("answer") or detail.get("file") or ""
        who = self.people.get(entry.actor_id, entry.actor)
        return CorrectionReason(entry.at, who, ACTS[entry.action], unit, month, why, cells)

    def _cells(self, cells: Any) -> Iterator[str]:
        for row, values in cells.items() if isinstance(cells, dict) else ():
            field, _, procedure = row.partition("/")
            place = self.procedures.get(procedure) or self.fields.get(field, field)
            for measure, (before, after) in values.items():
                if measure in LABELS:
                    name = measure_label(measure, self.day).lower()
                    yield f"{place}, {name}: {format_count(before)} → {format_count(after)}"
                elif after:
                    yield f"{place}, lý do: {after}"
