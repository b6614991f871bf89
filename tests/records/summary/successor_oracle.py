"""A second opinion on figures on both bases: from raw rows, unit by unit, along every chain of successions."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from records.models import DossierCount
from units.models import Succession, Unit

from .handover_oracle import CLOSING, OPENING, Handed
from .missing_reports import MEASURES, NOWHERE, Numbers, Told, added, divided, in_force, key, whole
from .oracle import span


class Oracle:
    """Everything of the database in plain dictionaries."""

    def __init__(self, external: bool, include: str = "approved", names: Iterable[str] = MEASURES) -> None:
        self.external, self.names = external, tuple(names)
        self.units = {unit.pk: unit for unit in Unit.objects.all()}
        self.links: dict[int, list[tuple[int, Fraction]]] = defaultdict(list)
        for one in Succession.objects.all():
            self.links[one.old_id].append((one.new_id, Fraction(one.share_numerator, one.share_denominator)))
        self.handed = Handed(self.units, self.links)
        self.counts: dict[tuple[int, int], dict[int, Numbers]] = defaultdict(dict)
        for row in DossierCount.objects.filter(edition__in=in_force(include)).select_related(
            "edition__submission"
        ):
            place = (row.edition.submission.unit_id, row.edition.submission.month % 100)
            kept = self.counts[place].setdefault(row.field_id, dict.fromkeys(self.names))
            for name in self.names:
                kept[name] = added([kept[name], getattr(row, name)])

    def ends(self, pk: int, day: date) -> dict[int, Fraction]:
        """Who has the reports of a unit on a day."""
        unit = self.units[pk]
        if unit.active_until is None or day <= unit.active_until:
            return {pk: Fraction(1)}
        found: dict[int, Fraction] = defaultdict(Fraction)
        for new, share in self.links[pk]:
            for end, part in self.ends(new, day).items():
                found[end] += share * part
        return dict(found)

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
        """What the sources in a place come to; `whose`: for each source the ends that are in it; `alone`: it is what
        one unit reported, told by itself.
        """
        told = Told(sums=dict.fromkeys(self.names))
        for pk, (ends, wanted) in whose.items():
            unit = self.units[pk]
            for month in months:
                if not unit.expected_to_report(*span(month)):
                    continue
                told.expected += 1
                report = self.counts.get((pk, month))
                if report is None:
                    told.missing.add((key(unit, day), month))
                    continue
                told.reported += 1
                left_out = () if alone else self.handed.left_out(pk, month)
                for number, row in report.items():
                    if fields is None or number in fields:
                        told.estimated |= bool(wanted) and len(wanted) < len(whole(ends))
                        mine = {name: None if name in left_out else value for name, value in row.items()}
                        self._add(told, mine, ends, wanted, month, months)
        return told

    def _add(
        self, told: Told, row: Numbers, ends: dict, wanted: set[int], month: int, months: list[int]
    ) -> None:
        for name, value in row.items():
            state = months[0] if name in OPENING else months[-1] if name in CLOSING else month
            if value is not None and state == month:
                # A row with a blank in it is one in each place that has a part of it.
                part = value if name.startswith("blank_") else divided(value, ends, wanted)
                told.sums[name] = (told.sums[name] or 0) + part

    def alone(self, unit: Unit, whose: "Whose") -> bool:
        """Whether it is what a unit without any below reported itself, and nothing else."""
        return not unit.has_children and whose.keys() <= {unit.pk}

    def carried(self, above: Unit, day: date, *, alone: bool = False) -> "Whose":
        """Whose reports are part of the history of a unit (with everything below it, or alone), tiers together."""
        found = {}
        for pk, unit in self.units.items():
            ends = self.ends(pk, day) if unit.reports else {}
            wanted = {
                end
                for end in ends
                if (self.external or not self.units[end].external)
                and (end == above.pk or (not alone and self.below(self.units[end], above)))
            }
            if wanted:
                found[pk] = (ends, wanted)
        return found

    def reported(self, above: Unit) -> "Whose":
        """Whose reports are those of a unit and everything below it, as they stood."""
        return {
            pk: ({pk: Fraction(1)}, {pk})
            for pk, unit in self.units.items()
            if unit.reports and self.below(unit, above) and (self.external or not unit.external)
        }

    def came_to(self, one: Unit, whose: "Whose", day: date) -> "Whose":
        """Of what sources reported that are over by a day the part that came to a unit of that day. What went nowhere
        stands with the unit itself; as everywhere it is the last to be rounded up.
        """
        found = {}
        for pk in whose:
            ends = self.ends(pk, day)
            mine = {one.pk} & ends.keys() or ({NOWHERE} & whole(ends).keys() if one.pk == pk else set())
            if mine:
                found[pk] = (ends, mine)
        return found


Whose = dict[int, tuple[dict[int, Fraction], set[int]]]
