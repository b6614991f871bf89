"""Oracle for figures by reporting and by current units: raw rows, unit by unit, along every chain of successions."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from records.models import DossierCount
from units.models import Succession, Unit

from .handover_oracle import CLOSING, OPENING, HandoverOracle
from .missing_reports import (
    MEASURES,
    NOWHERE,
    Numbers,
    Totals,
    apportioned,
    counting_editions,
    sum_known,
    unit_key,
    with_remainder,
)
from .oracle import span

# For each source unit, the shares of the current units that have its reports, and those of them that count.
Sources = dict[int, tuple[dict[int, Fraction], set[int]]]


class Oracle:
    """The whole database in plain dictionaries."""

    def __init__(self, external: bool, include: str = "approved", names: Iterable[str] = MEASURES) -> None:
        self.external, self.names = external, tuple(names)
        self.units = {unit.pk: unit for unit in Unit.objects.all()}
        self.links: dict[int, list[tuple[int, Fraction]]] = defaultdict(list)
        for link in Succession.objects.all():
            self.links[link.old_id].append(
                (link.new_id, Fraction(link.share_numerator, link.share_denominator))
            )
        self.handovers = HandoverOracle(self.units, self.links)
        self.counts: dict[tuple[int, int], dict[int, Numbers]] = defaultdict(dict)
        for row in DossierCount.objects.filter(edition__in=counting_editions(include)).select_related(
            "edition__submission"
        ):
            place = (row.edition.submission.unit_id, row.edition.submission.month % 100)
            sums = self.counts[place].setdefault(row.field_id, dict.fromkeys(self.names))
            for name in self.names:
                sums[name] = sum_known([sums[name], getattr(row, name)])

    def ends(self, pk: int, day: date) -> dict[int, Fraction]:
        """Shares of a unit's reports by the unit that has them on a day."""
        unit = self.units[pk]
        if unit.active_until is None or day <= unit.active_until:
            return {pk: Fraction(1)}
        shares: dict[int, Fraction] = defaultdict(Fraction)
        for new, share in self.links[pk]:
            for end, part in self.ends(new, day).items():
                shares[end] += share * part
        return dict(shares)

    def is_below(self, unit: Unit, above: Unit) -> bool:
        while unit.pk != above.pk:
            if unit.parent_id is None:
                return False
            unit = self.units[unit.parent_id]
        return True

    def totals(
        self,
        sources: Sources,
        months: list[int],
        day: date,
        fields: set[int] | None = None,
        *,
        alone: bool = False,
    ) -> Totals:
        """Totals of the sources; `alone`: one unit by itself, so handovers are not left out."""
        totals = Totals(sums=dict.fromkeys(self.names))
        for pk, (ends, chosen) in sources.items():
            unit = self.units[pk]
            for month in months:
                if not unit.expected_to_report(*span(month)):
                    continue
                totals.expected += 1
                report = self.counts.get((pk, month))
                if report is None:
                    totals.missing.add((unit_key(unit, day), month))
                    continue
                totals.reported += 1
                left_out = () if alone else self.handovers.left_out(pk, month)
                for field, row in report.items():
                    if fields is None or field in fields:
                        totals.estimated |= bool(chosen) and len(chosen) < len(with_remainder(ends))
                        counted = {name: None if name in left_out else value for name, value in row.items()}
                        self._add(totals, counted, ends, chosen, month, months)
        return totals

    def _add(
        self, totals: Totals, row: Numbers, ends: dict, chosen: set[int], month: int, months: list[int]
    ) -> None:
        for name, value in row.items():
            counting_month = months[0] if name in OPENING else months[-1] if name in CLOSING else month
            if value is not None and counting_month == month:
                # A blank counts as one wherever a part of its row goes.
                part = value if name.startswith("blank_") else apportioned(value, ends, chosen)
                totals.sums[name] = (totals.sums[name] or 0) + part

    def is_alone(self, unit: Unit, sources: Sources) -> bool:
        """Whether the unit has no children and `sources` holds only its own reports."""
        return not unit.has_children and sources.keys() <= {unit.pk}

    def history_sources(self, above: Unit, day: date, *, alone: bool = False) -> Sources:
        """Sources of a current unit's history (with everything below it, or alone), all tiers together."""
        sources = {}
        for pk, unit in self.units.items():
            ends = self.ends(pk, day) if unit.reports else {}
            chosen = {
                end
                for end in ends
                if (self.external or not self.units[end].external)
                and (end == above.pk or (not alone and self.is_below(self.units[end], above)))
            }
            if chosen:
                sources[pk] = (ends, chosen)
        return sources

    def reported_sources(self, above: Unit) -> Sources:
        """Sources of a unit and everything below it, by the tree at that time."""
        return {
            pk: ({pk: Fraction(1)}, {pk})
            for pk, unit in self.units.items()
            if unit.reports and self.is_below(unit, above) and (self.external or not unit.external)
        }

    def inherited_sources(self, unit: Unit, sources: Sources, day: date) -> Sources:
        """Sources of the part of closed units' reports that came to a unit of `day`. What has no successor stays with
        the closed unit and is rounded up last.
        """
        inherited = {}
        for pk in sources:
            ends = self.ends(pk, day)
            chosen = {unit.pk} & ends.keys()
            if not chosen and unit.pk == pk:
                chosen = {NOWHERE} & with_remainder(ends).keys()
            if chosen:
                inherited[pk] = (ends, chosen)
        return inherited
