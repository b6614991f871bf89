"""Sent months with the warnings for their reviewer, and approved rows with unexplained warnings."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from figures.formatting import format_count
from figures.measures import SUMS, WHOLES
from figures.periods import Month, Period
from figures.tally import sum_reported
from records.change_history import ResentChanges, resent_changes
from records.models import DossierCount, Edition, Stage
from records.storage import measures_of_row
from records.submissions.previous_months import HistoryWindow, history_windows, report_oddity, row_oddities
from units.models import Unit, subtree


@dataclass(frozen=True)
class WaitingEdition:
    """An edition that waits for approval, with its warnings; `own` as set by `with_own_mark`."""

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
        """Whether it can be approved from the list."""
        return not self.oddities and not self.own


def waiting_editions(editions: Iterable[Edition]) -> list[WaitingEdition]:
    """Compare editions (`with_own_mark`, with submission and unit) with the twelve months before and with what was sent
    before. At most six queries.
    """
    editions = list(editions)
    rows: dict[int, list[DossierCount]] = defaultdict(list)
    for row in DossierCount.objects.filter(edition__in=editions).select_related("field", "procedure"):
        rows[row.edition_id].append(row)
    pasts = history_windows(edition.submission for edition in editions)
    resent = resent_changes(editions)
    return [
        _waiting_edition(edition, rows[edition.pk], pasts[edition.submission_id], resent.get(edition.pk))
        for edition in editions
    ]


def _waiting_edition(
    edition: Edition, rows: list[DossierCount], past: HistoryWindow, resent: ResentChanges | None
) -> WaitingEdition:
    month = Month.from_number(edition.submission.month)
    last = month.previous().number
    remarks = [words for row in rows for words in _row_remark(row, past, month)]
    values = {(row.field_id, row.procedure_id): measures_of_row(row) for row in rows}
    if odd := report_oddity(values, past, month):
        reason = next((row.reason for row in rows if row.reason), "")
        remarks.append(f"Toàn báo cáo: {odd.short}.{_reason_words(reason)}")
    blank = sum(getattr(row, f"blank_{whole}") for row in rows for whole in WHOLES)
    if blank:
        remarks.append("Còn ô để trống: tổng số sẽ ghi “chưa đủ”.")
    if resent and resent.left:
        remarks.append(f"{format_count(len(resent.left))} ô đã đánh dấu khi trả lại vẫn giữ số cũ.")
    before = [months[last][name] for months in past.values() if last in months for name in SUMS["received"]]
    return WaitingEdition(
        edition,
        edition.submission.unit,
        month,
        sum_reported(getattr(row, name) for row in rows for name in SUMS["received"]),
        sum_reported(before),
        sum_reported(row.pending_late for row in rows),
        remarks,
        edition.own,
        resent,
    )


def _row_remark(row: DossierCount, past: HistoryWindow, month: Month) -> Iterable[str]:
    """At most one line for a row: its warnings, then the unit's reason."""
    oddities = [odd.short for odd in row_oddities(row, past, month)]
    if oddities:
        yield f"{row.procedure or row.field}: {'; '.join(oddities)}.{_reason_words(row.reason)}"


def _reason_words(reason: str) -> str:
    return f" Lý do: “{reason}”" if reason else " Chưa ghi lý do."


@dataclass(frozen=True)
class UnexplainedRow:
    """A row with a warning and no reason; `short` is the warning."""

    unit: str
    month: Month
    field: str
    short: str


def unexplained_rows(unit: Unit, period: Period) -> list[UnexplainedRow]:
    """Warnings without a reason in the approved months of a period, of a unit and all below it, by unit and month. Four
    queries.
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
    by_id = {edition.pk: edition for edition in editions if not edition.submission.unit.external}
    pasts = history_windows(edition.submission for edition in by_id.values())
    rows: dict[int, list[DossierCount]] = {}
    bare = DossierCount.objects.filter(edition__in=list(by_id), reason="").select_related("field")
    for row in bare.order_by("field__order", "pk"):
        rows.setdefault(row.edition_id, []).append(row)
    return [
        unexplained
        for pk, shown in by_id.items()
        for unexplained in _unexplained_in(shown, rows.get(pk, ()), pasts)
    ]


def _unexplained_in(edition: Edition, rows, pasts) -> Iterator[UnexplainedRow]:
    submission = edition.submission
    month = Month.from_number(submission.month)
    for row in rows:
        for odd in row_oddities(row, pasts[submission.pk], month):
            yield UnexplainedRow(submission.unit.name, month, row.field.name, odd.short)
