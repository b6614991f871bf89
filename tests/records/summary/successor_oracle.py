"""Oracle for figures by reporting and by current units: raw rows, unit by unit, along every chain of successions."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from records.models import DossierCount
from units.models import Succession, Unit

from .handover_oracle import CLOSING, OPENING, HandoverOracle
from .missing_reports import MEASURES, NOWHERE, Numbers, Told, added, divided, in_force, key, whole
from .oracle import span


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
        for row in DossierCount.objects.filter(edition__in=in_force(include)).select_related(
            "edition__submission"
        ):
            place = (row.edition.submission.unit_id, row.edition.submission.month % 100)
            sums = self.counts[place].setdefault(row.field_id, dict.fromkeys(self.names))
            for name in self.names:
                sums[name] = added([sums[name], getattr(row, name)])

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

    def below(self, unit: Unit, above: Unit) -> bool:
        while unit.pk != above.pk:
            if unit.parent_id is None:
                return False
            unit = self.units[unit.parent_id]
        return True

    def told(
        self,
        whose: "Whose",
        months: list[int],
        day: date,
        fields: set[int] | None = None,
        *,
        alone: bool = False,
    ) -> Told:
        """Totals of the sources in `whose` (for each source, the ends that count); `alone`: one unit by itself, so
        handovers are not left out.
        """
        tally = Told(sums=dict.fromkeys(self.names))
        for pk, (ends, chosen) in whose.items():
            unit = self.units[pk]
            for month in months:
                if not unit.expected_to_report(*span(month)):
                    continue
                tally.expected += 1
                report = self.counts.get((pk, month))
                if report is None:
                    tally.missing.add((key(unit, day), month))
                    continue
                tally.reported += 1
                left_out = () if alone else self.handovers.left_out(pk, month)
                for number, row in report.items():
                    if fields is None or number in fields:
                        tally.estimated |= bool(chosen) and len(chosen) < len(whole(ends))
                        mine = {name: None if name in left_out else value for name, value in row.items()}
                        self._add(tally, mine, ends, chosen, month, months)
        return tally

    def _add(
        self, tally: Told, row: Numbers, ends: dict, chosen: set[int], month: int, months: list[int]
    ) -> None:
        for name, value in row.items():
            state = months[0] if name in OPENING else months[-1] if name in CLOSING else month
            if value is not None and state == month:
                # A blank counts as one wherever a part of its row goes.
                part = value if name.startswith("blank_") else divided(value, ends, chosen)
                tally.sums[name] = (tally.sums[name] or 0) + part

    def alone(self, unit: Unit, whose: "Whose") -> bool:
        """Whether the unit has no children and `whose` holds only its own reports."""
        return not unit.has_children and whose.keys() <= {unit.pk}

    def carried(self, above: Unit, day: date, *, alone: bool = False) -> "Whose":
        """Sources of a current unit's history (with everything below it, or alone), all tiers together."""
        sources = {}
        for pk, unit in self.units.items():
            ends = self.ends(pk, day) if unit.reports else {}
            chosen = {
                end
                for end in ends
                if (self.external or not self.units[end].external)
                and (end == above.pk or (not alone and self.below(self.units[end], above)))
            }
            if chosen:
                sources[pk] = (ends, chosen)
        return sources

    def reported(self, above: Unit) -> "Whose":
        """Sources of a unit and everything below it, by the tree at that time."""
        return {
            pk: ({pk: Fraction(1)}, {pk})
            for pk, unit in self.units.items()
            if unit.reports and self.below(unit, above) and (self.external or not unit.external)
        }

    def came_to(self, unit: Unit, whose: "Whose", day: date) -> "Whose":
        """Sources of the part of closed units' reports that came to a unit of `day`. What has no successor stays with
        the closed unit and is rounded up last.
        """
        sources = {}
        for pk in whose:
            ends = self.ends(pk, day)
            mine = {unit.pk} & ends.keys() or ({NOWHERE} & whole(ends).keys() if unit.pk == pk else set())
            if mine:
                sources[pk] = (ends, mine)
        return sources


Whose = dict[int, tuple[dict[int, Fraction], set[int]]]
