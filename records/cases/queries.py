"""The case file in force for a month, its counts, and the dossiers behind each count."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Count, F, Min, Q, QuerySet
from django.utils.timezone import get_default_timezone, make_aware

from figures.cases import AWAITING, COUNTED, RESOLVED, WITHDRAWN, end_of_day, start_of_day
from figures.measures import RETURNED
from figures.periods import Month, Span
from records.catalogue import Catalogue, RowKey, served_in_row
from records.models import CaseCount, CaseFile, CaseFileState, CaseMapping, CaseRow
from records.storage import measures_of_row
from units.models import Unit

CaseCounts = dict[RowKey, dict[str, int | None]]


def case_file_in_force(unit: Unit, month: Month) -> CaseFile | None:
    """The file that counts for a unit and month: the newest finished one for the month. One query."""
    files = CaseFile.objects.filter(
        unit=unit, state=CaseFileState.DONE, first_month__lte=month.number, last_month__gte=month.number
    )
    return files.order_by("-pk").first()


def mappings_for(unit: Unit) -> QuerySet[CaseMapping]:
    """Saved mappings that a unit may use: its own and those of the units above it, the nearest first."""
    return CaseMapping.objects.filter(unit__in=[unit.pk, *unit.ancestor_ids()]).order_by(
        "-unit__depth", "name"
    )


def case_counts_of_month(
    file: CaseFile, month: Month, rows: Iterable[RowKey], catalogue: Catalogue
) -> CaseCounts:
    """The counts of the file by `rows` of a month's page: a field as one row, or by procedure where the page has it so.
    Cells without dossiers are 0 where the unit reports them. Return channels that the mapping does not name, and
    transfers, are left out. One query.
    """
    expected = catalogue.expected(file.unit, month)
    keys = list(rows)
    divided = {field for field, procedure in keys if procedure}
    measures = [name for name in COUNTED if name not in RETURNED or "returned_by" in file.heads]
    counts: dict[RowKey, dict[str, int]] = defaultdict(lambda: dict.fromkeys(measures, 0))
    for key in keys:
        _ = counts[key]
    for count in CaseCount.objects.filter(file=file, month=month.number):
        key = (count.field_id, count.procedure_id if count.field_id in divided else None)
        for name in measures:
            counts[key][name] += getattr(count, name) or 0
    return {
        key: {
            name: value
            for name, value in values.items()
            if value or name in served_in_row(expected, catalogue, key)
        }
        for key, values in counts.items()
    }


def declared_differences(
    counted: CaseCounts, stored: Mapping[RowKey, object]
) -> dict[RowKey, dict[str, tuple[int | None, int]]]:
    """Cells whose declared value differs from the dossiers: (declared, counted)."""
    differences = {}
    for key, values in counted.items():
        declared = measures_of_row(stored[key]) if key in stored else dict.fromkeys(values)
        cells = {name: (declared[name], value) for name, value in values.items() if declared[name] != value}
        if cells:
            differences[key] = cells
    return differences


def dossiers_behind(file: CaseFile, measure: str, span: Span, key: RowKey | None = None) -> QuerySet[CaseRow]:
    """The dossiers that a measure of the month counts, in file order: the rule of figures.cases as a query (a test
    compares the two).
    """
    listed = file.rows.filter(_condition(measure, span))
    if key is not None:
        listed = listed.filter(field=key[0], **({"procedure": key[1]} if key[1] else {}))
    return listed.select_related("field", "procedure").order_by("row")


def _condition(measure: str, span: Span) -> Q:
    start, end = make_aware(start_of_day(span.start)), make_aware(end_of_day(span.end))
    within = Q(ended__gte=start, ended__lte=end)
    if measure == "opening":
        return Q(received__lt=start) & (Q(ended=None) | Q(ended__gte=start))
    if measure.startswith("received_"):
        return Q(channel=measure.removeprefix("received_"), received__gte=start, received__lte=end)
    if measure == "withdrawn":
        return within & Q(state=WITHDRAWN)
    if measure.startswith("returned_"):
        return within & Q(state=RESOLVED, returned_by=measure.removeprefix("returned_"))
    if measure.startswith("resolved_"):
        return within & Q(state=RESOLVED) & _punctual_condition(measure)
    still = Q(received__lte=end) & (Q(ended=None) | Q(ended__gt=end))
    if measure == "awaiting":
        return still & Q(state=AWAITING)
    late = Q(due__lt=end)
    return still & ~Q(state=AWAITING) & (late if measure == "pending_late" else Q(due=None) | ~late)


def _punctual_condition(measure: str) -> Q:
    if measure == "resolved_late":
        return Q(due__isnull=False, ended__gt=F("due"))
    early = Q(due__isnull=False, ended__date__lt=F("due__date"))
    if measure == "resolved_early":
        return early
    return ~early & (Q(due=None) | Q(ended__lte=F("due")))


def repeated_codes(file: CaseFile, most: int) -> list[tuple[str, int, list[int]]]:
    """(code, first row, further rows) of repeated codes, at most `most`. Found by the database, so that memory does not
    grow with the file.
    """
    listed = file.rows.order_by().values("code").annotate(times=Count("pk"), first=Min("row"))
    repeated = list(listed.filter(times__gt=1).order_by("first")[:most])
    rows: dict[str, list[int]] = defaultdict(list)
    codes = [group["code"] for group in repeated]
    for start in range(0, len(codes), 500):
        listed_rows = file.rows.filter(code__in=codes[start : start + 500]).order_by("row")
        for code, row in listed_rows.values_list("code", "row"):
            rows[code].append(row)
    return [(group["code"], group["first"], rows[group["code"]][1:]) for group in repeated]


def local_moment(moment: datetime | None) -> datetime | None:
    """A naive time of figures.cases in the local time zone, for the database."""
    # Not `make_aware`, which is too slow for three million times of a large file.
    return None if moment is None else moment.replace(tzinfo=get_default_timezone())
