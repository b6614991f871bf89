"""The generated country: real numbers of units, reproducible, sums equal to a recount, some reports missing."""

from collections import Counter, defaultdict
from dataclasses import replace
from io import StringIO
from itertools import product

import pytest
from django.core.management import CommandError, call_command

from figures import periods
from figures.measures import SUMS
from figures.tally import Tally, period_tally
from records.calendar.queries import stored_calendar
from records.generate import country
from records.management.commands.generate_country import GAPS
from records.models import GroupSum, MissingReport
from records.stored_sums import recount
from records.summary import missing
from records.summary.aggregation import partial_tallies
from records.summary.by_unit import period_tallies, received_tallies
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from units.models import Succession, Tier, Unit, UnitKind
from units.succession import stored_lineage
from units.tree import roster

TINY = country.CountryScale("tiny", 10, 5, communes=33, districts=11, merged=(3, 12), gaps=GAPS)


@pytest.mark.parametrize(
    ("scale", "provinces", "districts", "communes"),
    [(country.NATION, 34, 0, 3_321), (country.BEFORE, 63, 696, 10_035), (country.MERGED, 97, 696, 13_356)],
)
def test_units_are_as_many_as_there_are(scale, provinces, districts, communes):
    units, links = country.generate_tree(scale)
    assert len({unit.pk for unit in units}) == len({unit.code for unit in units}) == len(units)
    numbers = [
        sum(unit.tier == tier and unit.kind == UnitKind.COMMITTEE for unit in units)
        for tier in (Tier.PROVINCE, Tier.DISTRICT, Tier.COMMUNE)
    ]
    assert numbers == [provinces, districts, communes]
    over = {unit.pk for unit in units if unit.active_until and unit.reports}
    assert over == {old.pk for old, _ in links}


@pytest.mark.django_db
def test_everything_derived_is_right_and_both_bases_agree():
    top = country.fill_country(TINY)
    assert (
        list(recount.sum_differences()) == []
        and roster.check() == []
        and stored_lineage.check() == (set(), {})
    )
    period = country.LAST.plus(-6)
    before = periods.Period.of(country.LAST.plus(-9), period)
    reported, today = (
        summary(FiguresQuery(top, before, by="unit", today=day)) for day in (None, country.LAST_DAY)
    )
    assert today.total.counts == reported.total.counts
    assert today.total.completeness.text() == reported.total.completeness.text()
    assert len(today.rows) == 3 and not today.total.estimated and today.territory.equal
    missing_reports = today.total.completeness.expected - today.total.completeness.reported
    assert 0 < missing_reports == len(today.total.completeness.missing)


@pytest.mark.django_db
def test_who_took_over_receives_what_they_received_together():
    """A merger does not lower the country's dossiers, apart from random differences between units. In July old and new
    units report a part each.
    """
    top = country.fill_country(TINY)
    june, july, august = (
        summary(FiguresQuery(top, periods.Period.of(month, month))).total.counts["received"]
        for month in (country.LAST.plus(back) for back in (-6, -5, -4))
    )
    assert 0.75 < july / june < 1.33 and 0.75 < august / june < 1.33


@pytest.mark.django_db
def test_what_is_received_by_child_is_that_of_its_parts():
    top = country.fill_country(TINY)
    months = periods.Period.of(country.LAST.plus(-9), country.LAST)
    for tier, external in product((None, Tier.COMMUNE), (False, True)):
        for unit in (top, Unit.objects.filter(parent=top, has_children=True).first()):
            query = FiguresQuery(unit, months, stored_calendar(), "submitted", external, tier)
            assert shares(received_tallies(query)) == shares(partial_tallies(query, by_child=True)) != {}


@pytest.mark.django_db
def test_a_whole_period_by_child_is_that_of_its_months():
    """Flows, openings and closings; one part per child, however many months there are."""
    top = country.fill_country(TINY)
    units = (
        top,
        *Unit.objects.filter(parent=top, has_children=True),
        Unit.objects.filter(tier="district")[0],
    )
    codes, complete = ("2025-M04..M09", "2025-M05", "2025-M03..M12"), set()
    for code, tier, external, unit in product(codes, (None, Tier.COMMUNE), (False, True), units):
        period = periods.Period.parse(code)
        query = FiguresQuery(unit, period, stored_calendar(), "submitted", external, tier)
        whole, monthly = period_tallies(query), partial_tallies(query, by_child=True)
        assert of_period(whole, period) == of_period(monthly, period), (code, tier, unit)
        assert {(part.child, part.month) for part in whole} == {(part.child, None) for part in monthly}
        assert len(whole) == len({part.child for part in whole})
        complete |= {(code, external, unit.tier) for part in whole if None not in part.tally.numbers[:4]}
    assert complete == set(product(codes, (False, True), (Tier.COUNTRY, Tier.PROVINCE, Tier.DISTRICT)))


@pytest.mark.django_db
def test_a_whole_period_by_todays_units_is_that_of_its_months():
    """Only for rows; with a tier they are read month by month. A merged group is one part of its successor."""
    top = country.fill_country(TINY)
    field = GroupSum.objects.exclude(field=None).order_by("field").first().field
    codes, complete = ("2025-M04..M09", "2025-M05", "2025-M03..M12"), set()
    for code, external, field_or_none in product(codes, (False, True), (None, field)):
        period = periods.Period.parse(code)
        queries = [
            FiguresQuery(
                top,
                period,
                stored_calendar(),
                "submitted",
                external,
                tier,
                by="unit",
                field=field_or_none,
                today=country.LAST_DAY,
            )
            for tier in (None, Tier.COMMUNE, Tier.PROVINCE)
        ]
        whole, *narrowed = [
            [part for part in partial_tallies(query, by_child=True) if part.child is not None]
            for query in queries
        ]
        monthly = [part for several in narrowed for part in several]
        assert None not in {part.month for part in monthly}
        assert of_period(whole, period) == of_period(monthly, period), (code, external, field_or_none)
        assert {(part.month, part.field) for part in whole} == {(None, field_or_none and field_or_none.pk)}
        groups = {
            row.unit.pk: {source.unit for source in row.sources if source.sums}
            for row in queries[0].successor_history.rows
        }
        several = Counter(part.child for part in whole)
        assert several and all(number <= len(groups[child]) for child, number in several.items())
        complete |= {(code, external) for part in whole if None not in part.tally.numbers[:4]}
    assert complete == set(product(codes, (False, True)))


def of_period(parts, period):
    """The tally of each child over the period."""
    monthly = defaultdict(list)
    for part in parts:
        monthly[part.child].append((part.month, part.tally))
    return {child: period_tally(several, period) for child, several in monthly.items()}


def shares(parts):
    """Received dossiers of each child by channel, blanks, and the number of reports."""
    tallies = defaultdict(Tally.empty)
    for part in parts:
        tallies[part.child] += part.tally
    return {
        child: ([tally.values[name] for name in SUMS["received"]], tally.blanks["received"], tally.reported)
        for child, tally in tallies.items()
    }


@pytest.mark.django_db
def test_in_a_merged_country_only_missing_units_are_read(monkeypatch):
    """Across the merger thousands of units are expected for some months only; their reports are not read for that, and
    none at all if missing reports are stored.
    """
    top = country.fill_country(TINY)
    read = []
    original = missing._reported_pairs

    def recording(query, units, months):
        read.extend(units)
        return original(query, units, months)

    monkeypatch.setattr(missing, "_reported_pairs", recording)
    across = periods.Period.parse("2025-M05..M09")
    expected = {day: missing_in(top, across, day) for day in (None, country.LAST_DAY)}
    assert read == []
    MissingReport.objects.all().delete()
    for day, stored in expected.items():
        read.clear()
        computed = missing_in(top, across, day)
        assert 0 < len(computed) and sorted(read) == sorted({report.unit for report in computed})
        assert computed == stored
        # Non-consecutive months.
        ends = [across.months[0], across.months[-1]]
        assert missing.missing_unit_months(FiguresQuery(top, across, stored_calendar(), today=day), ends) == [
            report for report in computed if report.missing.month in ends
        ]


def missing_in(top, period, day):
    return missing.missing_unit_months(FiguresQuery(top, period, stored_calendar(), today=day))


@pytest.mark.django_db
def test_the_command_fills_an_empty_database_only(monkeypatch):
    from records.management.commands import generate_country as command

    monkeypatch.setitem(command.SCALES, "merged", TINY)
    out = StringIO()
    call_command("generate_country", "--units", "merged", "--months", "9", stdout=out)
    assert "Cấp xã: 45 đơn vị" in out.getvalue()
    assert Succession.objects.count() == 33 + 5
    first = summary(FiguresQuery(Unit.objects.get(tier=Tier.COUNTRY), country.HALF_YEAR)).total.counts
    assert first["received"] > 0
    with pytest.raises(CommandError, match="trống") as refused:
        call_command("generate_country", "--units", "now")
    assert refused.value.returncode == 1


def test_seed_is_fixed():
    first, second = (country.generate_tree(replace(TINY, months=3))[0] for _ in range(2))
    assert [(unit.pk, unit.path, unit.name) for unit in first] == [
        (unit.pk, unit.path, unit.name) for unit in second
    ]
