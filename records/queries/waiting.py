"""What waits for a reviewer, held against its own past. A fixed number of queries, whatever its number."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When

from figures.counts import added
from figures.measures import SUMS, WHOLES
from figures.periods import Month
from figures.writing import count
from records.models import DossierCount, Edition
from units.models import Unit, User

from .changes import Resent, resent
from .past import Past, odd_report, oddities, pasts_of
from .rows import values_of

# How the reader took part in what waits.
WROTE, SENT = "wrote", "sent"


@dataclass(frozen=True)
class Waiting:
    """An edition that waits for approval, with what a reviewer looks at first; `own` as `with_own_mark` has it."""

    edition: Edition
    unit: Unit
    month: Month
    received: int | None
    received_before: int | None
    pending_late: int | None
    oddities: list[str] = field(default_factory=list)
    own: str = ""
    resent: Resent | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing asks for a closer look."""
        return not self.oddities and not self.own


def with_own_mark(editions: QuerySet[Edition], user: User) -> QuerySet[Edition]:
    """Each with `own`, why the user may not approve it: WROTE a value in it, SENT it, or "" where neither is so."""
    writers = Edition.writers.through.objects.filter(edition_id=OuterRef("pk"), user_id=user.pk)
    mine = Case(
        When(Exists(writers), Value(WROTE)), When(sender_id=user.pk, then=Value(SENT)), default=Value("")
    )
    return editions.annotate(own=mine)


def waiting(editions: Iterable[Edition]) -> list[Waiting]:
    """The editions (`with_own_mark`, with submission and unit) held against their own past and what was sent before, in
    at most six queries.
    """
    editions = list(editions)
    rows: dict[int, list[DossierCount]] = defaultdict(list)
    for row in DossierCount.objects.filter(edition__in=editions).select_related("field", "procedure"):
        rows[row.edition_id].append(row)
    pasts = pasts_of(one.submission for one in editions)
    again = resent(editions)
    return [_waiting(one, rows[one.pk], pasts[one.submission_id], again.get(one.pk)) for one in editions]


def _waiting(edition: Edition, rows: list[DossierCount], past: Past, again: Resent | None) -> Waiting:
    month = Month.from_number(edition.submission.month)
    last = month.previous().number
    told = [words for row in rows for words in _told(row, past, month)]
    values = {(row.field_id, row.procedure_id): values_of(row) for row in rows}
    if odd := odd_report(values, past, month):
        reason = next((row.reason for row in rows if row.reason), "")
        told.append(f"Toàn báo cáo: {odd.short}.{_stated(reason)}")
    blank = sum(getattr(row, f"blank_{whole}") for row in rows for whole in WHOLES)
    if blank:
        told.append("Còn ô để trống: tổng số sẽ ghi “chưa đủ”.")
    if again and again.left:
        told.append(f"{count(len(again.left))} ô đã đánh dấu khi trả lại vẫn giữ số cũ.")
    before = [months[last][name] for months in past.values() if last in months for name in SUMS["received"]]
    return Waiting(
        edition,
        edition.submission.unit,
        month,
        added(getattr(row, name) for row in rows for name in SUMS["received"]),
        added(before),
        added(row.pending_late for row in rows),
        told,
        edition.own,
        again,
    )


def _told(row: DossierCount, past: Past, month: Month) -> Iterable[str]:
    """At most one line for a row: everything odd in it, then the reason that the unit states."""
    found = [odd.short for odd in oddities(row, past, month)]
    if found:
        yield f"{row.procedure or row.field}: {'; '.join(found)}.{_stated(row.reason)}"


def _stated(reason: str) -> str:
    return f" Lý do: “{reason}”" if reason else " Chưa ghi lý do."
