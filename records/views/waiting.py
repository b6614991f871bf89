"""What waits for a reviewer, held against its own past. A fixed number of queries, whatever its number."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from figures import rules
from figures.counts import added
from figures.measures import LABELS, MEASURES, SUMS, WHOLES
from figures.outliers import MONTHS, outlier
from figures.periods import Month
from figures.writing import count
from records.models import DossierCount, Edition, Stage
from records.queries.checks import WATCHED
from units.models import Unit, User


@dataclass(frozen=True)
class Waiting:
    """An edition that waits for approval, with what a reviewer looks at first."""

    edition: Edition
    unit: Unit
    month: Month
    received: int | None
    received_before: int | None
    pending_late: int | None
    oddities: list[str] = field(default_factory=list)
    own: bool = False

    @property
    def clean(self) -> bool:
        """Whether nothing asks for a closer look."""
        return not self.oddities and not self.own


def waiting_for(user: User, editions: Iterable[Edition]) -> list[Waiting]:
    """The editions (with submission and unit) held against their own past, in three queries."""
    editions = list(editions)
    rows: dict[int, list[DossierCount]] = defaultdict(list)
    for row in DossierCount.objects.filter(edition__in=editions).select_related("field", "procedure"):
        rows[row.edition_id].append(row)
    past = _past(editions)
    own = set(
        Edition.writers.through.objects.filter(edition__in=editions, user_id=user.pk).values_list(
            "edition_id", flat=True
        )
    )
    return [_waiting(one, rows[one.pk], past[one.submission.unit_id], one.pk in own) for one in editions]


Past = dict[tuple[int, int | None], dict[int, dict]]


def _past(editions: list[Edition]) -> dict[int, Past]:
    """By unit and row, the values of the months before any of the editions, up to twelve before the first."""
    found: dict[int, Past] = defaultdict(lambda: defaultdict(dict))
    if not editions:
        return found
    months = [Month.from_number(one.submission.month) for one in editions]
    before = DossierCount.objects.filter(
        edition__in=Edition.objects.in_force(Stage.SUBMITTED).filter(
            submission__unit__in=[one.submission.unit_id for one in editions],
            submission__month__gte=min(months).plus(-MONTHS).number,
            submission__month__lt=max(months).number,
        )
    ).values("edition__submission__unit", "edition__submission__month", "field_id", "procedure_id", *MEASURES)
    for row in before:
        key = (row["field_id"], row["procedure_id"])
        found[row["edition__submission__unit"]][key][row["edition__submission__month"]] = row
    return found


def _waiting(edition: Edition, rows: list[DossierCount], past: Past, own: bool) -> Waiting:
    month = Month.from_number(edition.submission.month)
    last = month.previous().number
    oddities = [
        words for row in rows for words in _oddities(row, past[row.field_id, row.procedure_id], month)
    ]
    blank = sum(getattr(row, f"blank_{whole}") for row in rows for whole in WHOLES)
    if blank:
        oddities.append("Còn ô để trống: tổng số sẽ ghi “chưa đủ”.")
    before = [months[last][name] for months in past.values() if last in months for name in SUMS["received"]]
    return Waiting(
        edition,
        edition.submission.unit,
        month,
        added(getattr(row, name) for row in rows for name in SUMS["received"]),
        added(before),
        added(row.pending_late for row in rows),
        oddities,
        own,
    )


def _oddities(row: DossierCount, months: dict[int, dict], month: Month) -> Iterable[str]:
    """At most one line for a row: everything odd in it, then the reason that the unit states."""
    found = []
    before = months.get(month.previous().number)
    left = rules.closing(before) if before else None
    if rules.continuity(row.opening, left):
        found.append(f"kỳ trước chuyển sang {count(row.opening)}, cuối kỳ trước còn {count(left)}")
    numbers = [one for one in sorted(months) if month.plus(-MONTHS).number <= one < month.number]
    for whole in WATCHED:
        odd = outlier(
            added(getattr(row, name) for name in SUMS[whole]),
            [added(months[one][name] for name in SUMS[whole]) for one in numbers],
        )
        if odd:
            found.append(f"{LABELS[whole].lower()} {count(odd.value)}, thường gặp {count(round(odd.usual))}")
    if found:
        reason = f" Lý do: “{row.reason}”" if row.reason else " Chưa ghi lý do."
        yield f"{row.procedure or row.field}: {'; '.join(found)}.{reason}"
