"""The difference between two frozen reviews, with the reasons that the log gives, as a page and as CSV."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any

from django import forms
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from accounts.models import User
from core.web import Right, requires
from figures.formatting import format_count, format_day
from figures.measures import LABELS, measure_label
from figures.periods import Month, Period
from figures.summary import Summary
from ledger.log import PurgedHashes
from ledger.models import Entry
from records.calendar.queries import stored_calendar
from records.models import Field, Procedure, Submission
from reports.review_text.facts import Fact, scopes
from spreadsheets.table_writer import csv_lines, escape_formula
from units.models import Unit, subtree
from units.succession.inheritance import in_history_of

from . import review_access
from .document import document_facts, read
from .models import Review, ReviewState
from .review_access import review_for, visible_reviews
from .review_text import bound_text, sentences

# A share alone, as it is printed: not words that end in one.
_SHARE = re.compile(r"[\d.]+(,\d+)?%")
# Facts that follow from others: they would tell each change a second time.
_DERIVED = ("change", "gap", "same", "left_out")


@dataclass(frozen=True)
class ChangedFigure:
    """A figure that is another one: as it was written and is written, and by how much where that can be said."""

    key: str
    name: str
    old: str
    new: str
    by: str = ""


@dataclass(frozen=True)
class TextPiece:
    """Some words of a paragraph: "same", "gone" or "new"."""

    kind: str
    text: str


@dataclass(frozen=True)
class ChangedSection:
    """A section whose words differ; each paragraph is a row of pieces."""

    heading: str
    paragraphs: list[list[TextPiece]]


def changed_figures(old: Mapping[str, Fact], new: Mapping[str, Fact]) -> list[ChangedFigure]:
    """The figures that differ, in the order of the newer review; "—" stands for what one of them does not know."""
    found = []
    for key in dict.fromkeys((*new, *old)):
        before, after = old.get(key), new.get(key)
        if key.split(".", 1)[0] in _DERIVED or (before and after and before.text == after.text):
            continue
        one = after or before
        texts = (before.text if before else "—", after.text if after else "—")
        if one is not None and texts[0] != texts[1]:
            found.append(ChangedFigure(key, one.name, *texts, _by(before, after)))
    return found


def _by(old: Fact | None, new: Fact | None) -> str:
    if old is None or new is None or old.value is None or new.value is None:
        return ""
    if isinstance(old.value, int) and isinstance(new.value, int):
        return f"{'+' if new.value > old.value else '−'}{format_count(abs(new.value - old.value))}"
    if _SHARE.fullmatch(new.text) and _SHARE.fullmatch(old.text):
        return sentences.points_change(str(new.value), str(old.value))
    return ""


def changed_sections(
    old: Iterable[tuple[str, str, Sequence[str]]], new: Iterable[tuple[str, str, Sequence[str]]]
) -> list[ChangedSection]:
    """The sections (key, heading, paragraphs) whose words differ: those of the newer review in its order, then those
    that it has no longer.
    """
    before = {key: (heading, texts) for key, heading, texts in old}
    found = []
    for key, heading, texts in new:
        was, earlier = before.pop(key, ("", ()))
        if (was, tuple(earlier)) != (heading, tuple(texts)):
            words = [changed_words(was, heading)] if was != heading and was else []
            found.append(ChangedSection(heading, [*words, *_paragraphs(earlier, texts)]))
    gone = [
        ChangedSection(heading, [[TextPiece("gone", text)] for text in (heading, *texts)])
        for heading, texts in before.values()
    ]
    return [*found, *gone]


def _paragraphs(old: Sequence[str], new: Sequence[str]) -> Iterator[list[TextPiece]]:
    """Each paragraph that differs; those that are the same are left out."""
    for act, start, end, begin, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if act == "equal":
            continue
        pairs = min(end - start, stop - begin)
        for place in range(pairs):
            yield changed_words(old[start + place], new[begin + place])
        yield from ([TextPiece("gone", text)] for text in old[start + pairs : end])
        yield from ([TextPiece("new", text)] for text in new[begin + pairs : stop])


def changed_words(old: str, new: str) -> list[TextPiece]:
    """The words of two paragraphs as one row of pieces; very long ones are not taken apart, to save time."""
    before, after = old.split(" "), new.split(" ")
    if len(before) * len(after) > 4_000_000:
        return [TextPiece("gone", old), TextPiece("new", new)]
    found = []
    for act, start, end, begin, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if act == "equal":
            found.append(TextPiece("same", " ".join(before[start:end])))
            continue
        for kind, words in (("gone", before[start:end]), ("new", after[begin:stop])):
            if words:
                found.append(TextPiece(kind, " ".join(words)))
    return found


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
    groups = _grouped(changed_figures(document_facts(earlier), document_facts(later)), later, earlier)
    parts = changed_sections(_sections(earlier), _sections(later))
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
    for units_of in {review.units_of for review in reviews} - {None}:
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
        actors = User.objects.filter(pk__in={entry.actor_id for entry in entries})
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


TITLES = ("Loại", "Nơi", "Nội dung", "Bản trước", "Bản sau", "Chênh lệch", "Ai", "Khi nào", "Lý do")


def difference_csv_bytes(told: ReviewDifference, old: str, new: str) -> bytes:
    """UTF-8 with a byte order mark; the first line says which two reviews."""
    head = [*TITLES[:3], f"{TITLES[3]}: {old}", f"{TITLES[4]}: {new}", *TITLES[5:]]
    lines = [[escape_formula(text) for text in line] for line in _lines(told)]
    return "".join(csv_lines([head, *lines])).encode()


def _lines(told: ReviewDifference) -> Iterator[list[str]]:
    for group in told.groups:
        for figure in group.figures:
            yield ["Số liệu", group.name, figure.name, figure.old, figure.new, figure.by, "", "", ""]
    for part in told.parts:
        for pieces in part.paragraphs:
            yield ["Lời văn", part.heading, "", _side(pieces, "gone"), _side(pieces, "new"), "", "", "", ""]
    for reason in told.reasons:
        at = localtime(reason.at)
        when = f"{at:%H:%M} {format_day(at.date())}"
        what = "; ".join((reason.act, *reason.cells))
        yield ["Nhật ký", f"{reason.unit}, {reason.month}", what, "", "", "", reason.who, when, reason.why]


def _side(pieces: list[TextPiece], kind: str) -> str:
    return (
        " ".join(piece.text for piece in pieces if piece.kind in ("same", kind))
        if any(piece.kind == kind for piece in pieces)
        else ""
    )


CLOSED = (ReviewState.FROZEN, ReviewState.ISSUED)
MOST_OFFERED = 200


class OtherForm(forms.Form):
    """Which other review this one is compared with."""

    other = forms.ChoiceField(label="So với")

    def __init__(self, others: list[Review], chosen: Review | None) -> None:
        super().__init__(initial={"other": str(chosen.pk) if chosen else ""}, prefix=None)
        self.fields["other"].choices = [
            (str(other.pk), review_access.review_title(other)) for other in others
        ]
        self.fields["other"].widget.attrs["name"] = "with"

    def add_prefix(self, field_name: str) -> str:
        return "with"


@requires(Right.READ)
@require_safe
def review_difference(request: HttpRequest, pk: int) -> HttpResponse:
    """`?with=` names the other one; without it the one that this review replaces, else the first that is offered."""
    found = review_for(request, pk)
    others = _others(request, found)
    other = _asked(request, others, found)
    context = {"found": found, "form": OtherForm(others, other) if others else None, "other": other}
    if other is not None:
        old, new = _in_order(found, other)
        context |= {"old": old, "new": new, "told": difference_between(old, new)}
        context |= {
            "old_name": review_access.review_title(old),
            "new_name": review_access.review_title(new),
        }
    return render(request, "reports/difference/difference.html", context)


@requires(Right.READ)
@require_safe
def review_difference_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that the page tells, a line each."""
    found = review_for(request, pk)
    other = _asked(request, _others(request, found), found)
    if other is None:
        context = {"found": found, "form": None, "other": None}
        return render(request, "reports/difference/difference.html", context, status=409)
    old, new = _in_order(found, other)
    content = difference_csv_bytes(
        difference_between(old, new), review_access.review_title(old), review_access.review_title(new)
    )
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="so-sanh-bao-cao-{old.pk}-{new.pk}.csv"'
    return response


def _others(request: HttpRequest, found: Review) -> list[Review]:
    """The other frozen reviews that the reader may see, those of the same unit first, the newest first."""
    if not found.is_frozen:
        return []
    seen = visible_reviews(request.user, request.day).filter(state__in=CLOSED).exclude(pk=found.pk)
    return sorted(seen.order_by("-frozen_at")[:MOST_OFFERED], key=lambda one: one.unit_id != found.unit_id)


def _asked(request: HttpRequest, others: list[Review], found: Review) -> Review | None:
    """The review that is asked for among those that the reader may see; any other is unknown (404)."""
    asked = request.GET.get("with", "")
    if not asked:
        number = found.replaces_id or (others[0].pk if others else 0)
    elif asked.isascii() and asked.isdigit() and len(asked) < 19:
        number = int(asked)
    else:
        raise Http404
    chosen = next((other for other in others if other.pk == number), None)
    if asked and chosen is None:
        raise Http404
    # The list leaves the documents out: they are long.
    return Review.objects.select_related("unit").get(pk=chosen.pk) if chosen else None


def _in_order(one: Review, other: Review) -> tuple[Review, Review]:
    """The older one first: by period, then by the day on which figures were closed."""
    old, new = sorted((one, other), key=lambda review: (review.period, review.frozen_at, review.pk))
    return old, new
