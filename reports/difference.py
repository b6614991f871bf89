"""The difference between two frozen reviews, with the reasons from the log, as a page and as CSV."""

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
from core.text import parse_digits
from core.web import Right, attachment, requires
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
from units.succession.stored_lineage import in_history_of

from . import review_access
from .document import FROZEN_STATES, document_facts, read
from .models import Review
from .review_access import review_for, visible_reviews
from .review_text import bound_text, sentences

# A printed share and nothing else.
_SHARE = re.compile(r"[\d.]+(,\d+)?%")
# Facts derived from others: they would repeat each change.
_DERIVED = ("change", "gap", "same", "left_out")


@dataclass(frozen=True)
class ChangedFigure:
    """A figure that differs: old and new text, and the change (`by`) where it can be computed."""

    key: str
    name: str
    old: str
    new: str
    by: str = ""


@dataclass(frozen=True)
class TextPiece:
    """Words of a paragraph; `kind` is "same", "gone" or "new"."""

    kind: str
    text: str


@dataclass(frozen=True)
class ChangedSection:
    """A section whose text differs; each paragraph is a list of pieces."""

    heading: str
    paragraphs: list[list[TextPiece]]


def changed_figures(old: Mapping[str, Fact], new: Mapping[str, Fact]) -> list[ChangedFigure]:
    """The figures that differ, in the order of the newer review; "—" is a missing figure."""
    changed = []
    for key in dict.fromkeys((*new, *old)):
        before, after = old.get(key), new.get(key)
        if key.split(".", 1)[0] in _DERIVED or (before and after and before.text == after.text):
            continue
        fact = after or before
        texts = (before.text if before else "—", after.text if after else "—")
        if fact is not None and texts[0] != texts[1]:
            changed.append(ChangedFigure(key, fact.name, *texts, _by(before, after)))
    return changed


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
    """Sections (key, heading, paragraphs) whose text differs, in the order of the newer review, then removed ones."""
    before = {key: (heading, texts) for key, heading, texts in old}
    changed = []
    for key, heading, texts in new:
        was, earlier = before.pop(key, ("", ()))
        if (was, tuple(earlier)) != (heading, tuple(texts)):
            words = [changed_words(was, heading)] if was != heading and was else []
            changed.append(ChangedSection(heading, [*words, *_paragraphs(earlier, texts)]))
    gone = [
        ChangedSection(heading, [[TextPiece("gone", text)] for text in (heading, *texts)])
        for heading, texts in before.values()
    ]
    return [*changed, *gone]


def _paragraphs(old: Sequence[str], new: Sequence[str]) -> Iterator[list[TextPiece]]:
    """The paragraphs that differ."""
    for act, start, end, begin, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if act == "equal":
            continue
        pairs = min(end - start, stop - begin)
        for place in range(pairs):
            yield changed_words(old[start + place], new[begin + place])
        yield from ([TextPiece("gone", text)] for text in old[start + pairs : end])
        yield from ([TextPiece("new", text)] for text in new[begin + pairs : stop])


def changed_words(old: str, new: str) -> list[TextPiece]:
    """The word diff of two paragraphs; very long ones are replaced as a whole, to save time."""
    before, after = old.split(" "), new.split(" ")
    if len(before) * len(after) > 4_000_000:
        return [TextPiece("gone", old), TextPiece("new", new)]
    pieces = []
    for act, start, end, begin, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if act == "equal":
            pieces.append(TextPiece("same", " ".join(before[start:end])))
            continue
        for kind, words in (("gone", before[start:end]), ("new", after[begin:stop])):
            if words:
                pieces.append(TextPiece(kind, " ".join(words)))
    return pieces


# Log actions that explain changed figures.
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
    """The figures of a tier, the total, a unit, or the indicators."""

    name: str
    figures: list[ChangedFigure]


@dataclass(frozen=True)
class CorrectionReason:
    """A log entry between two reviews: who changed which unit's month, when and why; `cells` are changes as text."""

    at: datetime
    who: str
    act: str
    unit: str
    month: str
    why: str
    cells: list[str]


@dataclass(frozen=True)
class ReviewDifference:
    """Everything that differs. `cut`: there are more than MOST_ENTRIES reasons. `same_period`: unit and period are
    equal; otherwise `reasons` is empty. `purged`: log entries between the two were purged.
    """

    groups: list[FigureGroup]
    parts: list[ChangedSection]
    reasons: list[CorrectionReason]
    cut: bool
    same_period: bool
    purged: bool


def difference_between(old: Review, new: Review) -> ReviewDifference:
    """The difference of two frozen reviews, in a fixed number of queries."""
    earlier, later = read(old.frozen), read(new.frozen)
    groups = _grouped(changed_figures(document_facts(earlier), document_facts(later)), later, earlier)
    parts = changed_sections(_sections(earlier), _sections(later))
    same = (old.unit_id, old.period) == (new.unit_id, new.period)
    reasons = list(_reasons(old, new)) if same else []
    purged = same and PurgedHashes().last > _heads(old, new)[0]
    return ReviewDifference(groups, parts, reasons[:MOST_ENTRIES], len(reasons) > MOST_ENTRIES, same, purged)


def _heads(old: Review, new: Review) -> tuple[int, int]:
    """The log heads stored in two reviews, the earlier first."""
    first, last = sorted(int(review.frozen["log"]["sequence"]) for review in (old, new))
    return first, last


def _grouped(changed: Iterable[ChangedFigure], *docs: dict[str, Any]) -> list[FigureGroup]:
    names = {"indicator": "Chỉ tiêu khác", "target": "Chỉ tiêu giao", "tasks": "Nhiệm vụ"}
    units: dict[str, str] = {}
    for doc in docs:
        summary = Summary.from_dict(doc["figures"])
        units = {f"unit.{row.key}": row.name for row in summary.rows} | units
        for key, name, _ in scopes(summary):
            names.setdefault(f"now.{key}", capfirst(name))
            names.setdefault(f"before.{key}", f"Cùng kỳ năm trước, {name}")
    groups: dict[str, list[ChangedFigure]] = {}
    for figure in changed:
        prefix = ".".join(figure.key.split(".")[:2])
        name = units.get(prefix) or names.get(prefix) or names.get(figure.key.split(".")[0], "Báo cáo đã có")
        groups.setdefault(name, []).append(figure)
    return [FigureGroup(name, figures) for name, figures in groups.items()]


def _sections(doc: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """The text of a review by section, with the parts around the sections."""
    header = doc["header"]
    yield ":opening", "Tên, câu mở đầu", [doc["review"]["title"], *_filled(header["opening"])]
    for place, section in enumerate(doc["sections"]):
        texts = [
            bound_text.paragraph_text(bound_text.paragraph_from_data(paragraph))
            for paragraph in section["paragraphs"]
        ]
        yield section.get("key") or f"{place}:{section['heading']}", section["heading"], texts
    tasks = [
        f"{task['text']} ({task['responsible'] or '—'}; {_day(task['deadline'])})" for task in doc["tasks"]
    ]
    yield ":tasks", "Nhiệm vụ kỳ tới", tasks
    meeting = [header[name] for name in ("meeting_place", "chaired", "attended") if header.get(name)]
    yield ":meeting", "Hội nghị", [*_filled(_day(header["meeting_day"])), *meeting]
    signer = [*doc["signer"]["lines"], *_filled(doc["signer"]["name"])]
    yield ":end", "Câu kết thúc, nơi nhận, ký", [*_filled(header["closing"]), *doc["recipients"], *signer]


def _filled(text: str) -> list[str]:
    return [text] if text and text != "—" else []


def _day(text: str) -> str:
    return format_day(date.fromisoformat(text)) if text else "—"


def _reasons(old: Review, new: Review) -> Iterator[CorrectionReason]:
    """The log entries between the two freezings about months of their period and units, the oldest first."""
    period = Period.parse(new.period)
    end = stored_calendar().bounds(period)[1]
    counted_units = Unit.objects.filter(_counted_units(old, new)).order_by("active_from")
    below = Submission.objects.filter(
        unit__in=counted_units.order_by(), month__gte=period.first.number, month__lte=period.last.number
    )
    months = {submission.pk: submission for submission in below.select_related("unit")}
    # Codes are reused: the last unit with a code in the period wins.
    units = dict(counted_units.filter(active_from__lte=end).values_list("code", "name"))
    first, last = _heads(old, new)
    entries = Entry.objects.filter(sequence__gt=first, sequence__lte=last, action__in=ACTS).order_by(
        "sequence"
    )
    corrections: list[tuple[Entry, str, str]] = []
    for entry in entries.iterator(chunk_size=2000):
        corrections += [(entry, *place) for place in _places(entry, months, units, period)]
        if len(corrections) > MOST_ENTRIES:
            break
    names = _CorrectionNames([entry for entry, *_ in corrections], end)
    yield from (names.reason(*correction) for correction in corrections)


def _counted_units(*reviews: Review) -> Q:
    """Condition for the units whose months are counted in a review. One query for each different `units_of`."""
    condition = subtree(reviews[0].unit.path)
    for units_of in {review.units_of for review in reviews} - {None}:
        condition |= in_history_of(reviews[0].unit, units_of)
    return condition


def _places(
    entry: Entry, months: dict[int, Submission], units: dict[str, str], period: Period
) -> Iterator[tuple[str, str]]:
    """The names of unit and month that an entry is about, if in the review; an import concerns several."""
    detail = entry.detail
    if entry.action == "indicators.save":
        if detail.get("unit") in units and detail.get("period") == period.code:
            yield units[detail["unit"]], period.label
        return
    own = entry.subject.removeprefix("submission:")
    submission_ids = (
        detail.get("submissions", ())
        if entry.action == "counts.import"
        else [int(own) if own.isdigit() else 0]
    )
    for submission_id in submission_ids:
        if submission_id in months:
            yield months[submission_id].unit.name, Month.from_number(months[submission_id].month).label


class _CorrectionNames:
    """Names of people, fields and procedures; one query each."""

    def __init__(self, entries: list[Entry], end: date) -> None:
        actors = User.objects.filter(pk__in={entry.actor_id for entry in entries})
        self.people = {user.pk: str(user) for user in actors}
        self.fields = dict(Field.objects.values_list("code", "name"))
        self.procedures = dict(Procedure.objects.values_list("code", "name"))
        self.day = end

    def reason(self, entry: Entry, unit: str, month: str) -> CorrectionReason:
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


def difference_csv_bytes(difference: ReviewDifference, old: str, new: str) -> bytes:
    """UTF-8 with a byte order mark; the head line names the two reviews."""
    head = [*TITLES[:3], f"{TITLES[3]}: {old}", f"{TITLES[4]}: {new}", *TITLES[5:]]
    lines = [[escape_formula(text) for text in line] for line in _lines(difference)]
    return "".join(csv_lines([head, *lines])).encode()


def _lines(difference: ReviewDifference) -> Iterator[list[str]]:
    for group in difference.groups:
        for figure in group.figures:
            yield ["Số liệu", group.name, figure.name, figure.old, figure.new, figure.by, "", "", ""]
    for part in difference.parts:
        for pieces in part.paragraphs:
            yield ["Lời văn", part.heading, "", _side(pieces, "gone"), _side(pieces, "new"), "", "", "", ""]
    for reason in difference.reasons:
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


MOST_OFFERED = 200


class OtherForm(forms.Form):
    """The other review of the comparison."""

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
    """`?with=` is the other review's id; default: the replaced review, else the first of the list."""
    review = review_for(request, pk)
    others = _others(request, review)
    other = _chosen_review(request, others, review)
    context = {"found": review, "form": OtherForm(others, other) if others else None, "other": other}
    if other is not None:
        old, new = _in_order(review, other)
        context |= {"old": old, "new": new, "told": difference_between(old, new)}
        context |= {
            "old_name": review_access.review_title(old),
            "new_name": review_access.review_title(new),
        }
    return render(request, "reports/difference/difference.html", context)


@requires(Right.READ)
@require_safe
def review_difference_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """The page's contents as CSV, a line each."""
    review = review_for(request, pk)
    other = _chosen_review(request, _others(request, review), review)
    if other is None:
        context = {"found": review, "form": None, "other": None}
        return render(request, "reports/difference/difference.html", context, status=409)
    old, new = _in_order(review, other)
    content = difference_csv_bytes(
        difference_between(old, new), review_access.review_title(old), review_access.review_title(new)
    )
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    return attachment(response, f"so-sanh-bao-cao-{old.pk}-{new.pk}.csv")


def _others(request: HttpRequest, review: Review) -> list[Review]:
    """The other frozen reviews that the user may see: those of the same unit first, then the newest."""
    if not review.is_frozen:
        return []
    reviews = visible_reviews(request.user, request.day).filter(state__in=FROZEN_STATES).exclude(pk=review.pk)
    return sorted(
        reviews.order_by("-frozen_at")[:MOST_OFFERED], key=lambda other: other.unit_id != review.unit_id
    )


def _chosen_review(request: HttpRequest, others: list[Review], review: Review) -> Review | None:
    """The requested review out of `others`; 404 for any other id."""
    text = request.GET.get("with", "")
    review_id = parse_digits(text, 18) if text else review.replaces_id or (others[0].pk if others else 0)
    chosen = next((other for other in others if other.pk == review_id), None)
    if text and chosen is None:
        raise Http404
    # Fetched again: the list defers the long documents.
    return Review.objects.select_related("unit").get(pk=chosen.pk) if chosen else None


def _in_order(first: Review, second: Review) -> tuple[Review, Review]:
    """The older review first: by period, then by freezing."""
    old, new = sorted((first, second), key=lambda review: (review.period, review.frozen_at, review.pk))
    return old, new
