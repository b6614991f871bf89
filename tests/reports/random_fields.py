"""A random country with fields in scope of tiers and of single units, and the expected summary of one field, added up
report by report.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product

from core import database
from figures.measures import MEASURES, WHOLES
from figures.periods import DEFAULT_CALENDAR, Month, Period
from figures.summary import Summary, build_summary
from figures.tally import Tally
from records.catalogue import Catalogue
from records.models import DossierCount, Edition, Field, FieldScope, Submission
from records.storage import set_tally_columns
from records.stored_sums import group_sums
from records.summary.figures_query import FiguresQuery
from tests.reports.year_on_year.test_comparable_units import within
from units.models import Unit

from .random_country import AT, MONTHS, START, World, days

Reports = dict[tuple[int, Month], Tally]


class FieldWorld(World):
    """Fields of all units, of a tier, from some day on, or of listed units; some months are not divided by field."""

    def report(self) -> None:
        self.undivided = Field.objects.get(code=Field.UNDIVIDED)
        self.divided = [
            Field.objects.create(code=f"f{at}", name=f"Lĩnh vực {at}", order=at) for at in range(4)
        ]
        self.scopes()
        self.leave_blank()
        self.never_divided = {unit.pk: self.random.random() < 0.1 for unit in self.units}
        catalogue, counts = Catalogue(DEFAULT_CALENDAR), []
        for unit, month in product(self.units, MONTHS):
            if unit.expected_to_report(*days(month)) and self.random.random() < 0.9:
                counts += self.rows(unit, month, catalogue)
        numbers = [month.number for month in MONTHS]
        group_sums.mark_handovers(self.units, numbers)
        DossierCount.objects.bulk_create(counts)
        group_sums.refresh_group_sums(self.units, numbers)
        # Tables with only rolled-back rows look empty to PostgreSQL's planner.
        database.analyze_tables()

    def scopes(self) -> None:
        everywhere, of_communes, lately, listed = self.divided
        FieldScope.objects.create(field=everywhere, valid_from=START)
        FieldScope.objects.create(field=of_communes, tier="commune", valid_from=START)
        FieldScope.objects.create(field=lately, tier="commune", valid_from=self.day())
        some = self.random.sample(self.units, k=len(self.units) // 3)
        FieldScope.objects.create(field=listed, valid_from=START).units.set(some)

    def rows(self, unit: Unit, month: Month, catalogue: Catalogue) -> Iterator[DossierCount]:
        fields = list(catalogue.expected_of(unit.tier, unit.pk, month))
        if self.never_divided[unit.pk] or self.random.random() < 0.02:
            fields = [self.undivided.pk]
        submission = Submission.objects.create(unit=unit, month=month.number, due_on=START)
        edition = Edition(submission=submission, number=1, state="approved", sent_at=AT, decided_at=AT)
        tallies = {field: self.field_tally(unit) for field in fields}
        set_tally_columns(edition, Tally.total(tallies.values()))
        edition.save()
        for field, tally in tallies.items():
            row = DossierCount(
                edition=edition, field_id=field, answered=any(x is not None for x in tally.numbers)
            )
            set_tally_columns(row, tally)
            yield row

    def field_tally(self, unit: Unit) -> Tally:
        if self.random.random() < 0.1:
            return Tally.empty()
        return self.tally(unit)


def reports_of(field: Field) -> Reports:
    """By unit id and month."""
    return {
        (row.edition.submission.unit_id, Month.from_number(row.edition.submission.month)): Tally(
            tuple(getattr(row, name) for name in MEASURES),
            tuple(getattr(row, f"blank_{whole}") for whole in WHOLES),
            int(row.answered),
        )
        for row in DossierCount.objects.filter(field=field).select_related("edition__submission")
    }


def with_handovers(reports: Reports) -> Reports:
    """Reports as they count in sums of several units."""
    flags = {
        (row.unit_id, Month.from_number(row.month)): {"opens": row.opens, "closes": row.closes}
        for row in Submission.objects.all()
    }
    return {key: tally.counting(**flags[key]) for key, tally in reports.items()}


def expected_months(unit: Unit, field: Field, months: Iterable[Month], not_divided: Reports) -> set[Month]:
    """The months in which a unit is expected to report a field."""
    catalogue, expected = Catalogue(DEFAULT_CALENDAR), set()
    for month in months:
        if unit.expected_to_report(*days(month)):
            fields = set(catalogue.expected_of(unit.tier, unit.pk, month))
            if not_divided.get((unit.pk, month), Tally.empty()).reported:
                fields = {catalogue.undivided}
            if field.pk in fields:
                expected.add(month)
    return expected


def sum_reports(
    query: FiguresQuery, world: World, units: Iterable[Unit] | None = None, period: Period | None = None
) -> Summary:
    """The summary of the query's field over `units` (default: all below), added up report by report."""
    period = period or query.period
    reports, not_divided = with_handovers(reports_of(query.field)), reports_of(world.undivided)
    if not query.unit.has_children:
        reports = reports_of(query.field)
    by_tier = defaultdict(list)
    for unit in within(query, world) if units is None else units:
        expected = expected_months(unit, query.field, period.months, not_divided)
        for month in period.months:
            tally = reports.get((unit.pk, month), Tally.empty())
            if tally != Tally.empty() or month in expected:
                by_tier[unit.tier].append((month, tally + Tally.expecting(int(month in expected))))
    return build_summary(
        unit=query.unit.code,
        unit_name=query.unit.name,
        period=period,
        tiers=by_tier,
        external=query.external,
    )
