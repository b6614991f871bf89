"""Which sent months wait for approval, and which approved rows are odd without a stated reason."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from figures.formatting import format_count
from figures.measures import SUMS, WHOLES
from figures.periods import Month, Period
from figures.tally import sum_reported
from records.history import ResentChanges, resent_changes
from records.models import DossierCount, Edition, Stage
from records.storage import measures_of_row
from records.submissions.history_window import HistoryWindow, history_windows, report_oddity, row_oddities
from units.models import Unit, subtree


@dataclass(frozen=True)
class WaitingEdition:
    """An edition that waits for approval, with what a reviewer looks at first; `own` as `with_own_mark` has it."""

    edition: Edition
    unit: Unit
    month: Month
    received: int | None
    received_before: int | None
    pending_late: int | None
    oddities: list[str] = field(default_factory=list)
    own: str = ""
    resent: ResentChanges | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing asks for a closer look."""
        return not self.oddities and not self.own


def waiting_editions(editions: Iterable[Edition]) -> list[WaitingEdition]:
    """The editions (`with_own_mark`, with submission and unit) held against their own past and what was sent before, in
    at most six queries.
    """
    editions = list(editions)
    rows: dict[int, list[DossierCount]] = defaultdict(list)
    for row in DossierCount.objects.filter(edition__in=editions).select_related("field", "procedure"):
        rows[row.edition_id].append(row)
    pasts = history_windows(edition.submission for edition in editions)
    again = resent_changes(editions)
    return [
        _waiting_edition(edition, rows[edition.pk], pasts[edition.submission_id], again.get(edition.pk))
        for edition in editions
    ]


def _waiting_edition(
    edition: Edition, rows: list[DossierCount], past: HistoryWindow, again: ResentChanges | None
) -> WaitingEdition:
    month = Month.from_number(edition.submission.month)
    last = month.previous().number
    told = [words for row in rows for words in _row_remark(row, past, month)]
    values = {(row.field_id, row.procedure_id): measures_of_row(row) for row in rows}
    if odd := report_oddity(values, past, month):
        reason = next((row.reason for row in rows if row.reason), "")
        told.append(f"Toàn báo cáo: {odd.short}.{_reason_words(reason)}")
    blank = sum(getattr(row, f"blank_{whole}") for row in rows for whole in WHOLES)
    if blank:
        told.append("Còn ô để trống: tổng số sẽ ghi “chưa đủ”.")
    if again and again.left:
        told.append(f"{format_count(len(again.left))} ô đã đánh dấu khi trả lại vẫn giữ số cũ.")
    before = [months[last][name] for months in past.values() if last in months for name in SUMS["received"]]
    return WaitingEdition(
        edition,
        edition.submission.unit,
        month,
        sum_reported(getattr(row, name) for row in rows for name in SUMS["received"]),
        sum_reported(before),
        sum_reported(row.pending_late for row in rows),
        told,
        edition.own,
        again,
    )


def _row_remark(row: DossierCount, past: HistoryWindow, month: Month) -> Iterable[str]:
    """At most one line for a row: everything odd in it, then the reason that the unit states."""
    found = [odd.short for odd in row_oddities(row, past, month)]
    if found:
        yield f"{row.procedure or row.field}: {'; '.join(found)}.{_reason_words(row.reason)}"


def _reason_words(reason: str) -> str:
    return f" Lý do: “{reason}”" if reason else " Chưa ghi lý do."


@dataclass(frozen=True)
class UnexplainedRow:
    """One odd row: which unit, month and field, and what is odd, in a few words."""

    unit: str
    month: Month
    field: str
    short: str


def unexplained_rows(unit: Unit, period: Period, *, external: bool = False) -> list[UnexplainedRow]:
    """What is odd and unexplained in the approved months of a period, of a unit and all below it, in order. Four
    queries, whatever their number.
    """
    editions = (
        Edition.objects.in_force(Stage.APPROVED)
        .filter(
            subtree(unit.path, "submission__unit__path"),
            submission__month__gte=period.first.number,
            submission__month__lte=period.last.number,
        )
        .select_related("submission__unit")
        .order_by("submission__unit__path", "submission__month")
    )
    there = {edition.pk: edition for edition in editions if external or not edition.submission.unit.external}
    pasts = history_windows([one.submission for one in there.values()])
    rows: dict[int, list[DossierCount]] = {}
    bare = DossierCount.objects.filter(edition__in=list(there), reason="").select_related("field")
    for row in bare.order_by("field__order", "pk"):
        rows.setdefault(row.edition_id, []).append(row)
    return [found for pk, one in there.items() for found in _unexplained_in(one, rows.get(pk, ()), pasts)]


def _unexplained_in(edition: Edition, rows, pasts) -> Iterator[UnexplainedRow]:
    submission = edition.submission
    month = Month.from_number(submission.month)
    for row in rows:
        for odd in row_oddities(row, pasts[submission.pk], month):
            yield UnexplainedRow(submission.unit.name, month, row.field.name, odd.short)
