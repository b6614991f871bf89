"""A second opinion on figures by today's units: from raw rows, unit by unit, along every chain of successions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from records.models import DossierCount, State
from units.models import Succession, Unit

from .oracle import span

MEASURES = ("opening", "received_direct", "received_postal", "pending_late")
Numbers = dict[str, int | None]


@dataclass
class Told:
    """Reported, expected, sums, who is missing and whether something was divided."""

    reported: int = 0
    expected: int = 0
    sums: Numbers = field(default_factory=lambda: dict.fromkeys(MEASURES))
    missing: set[tuple[str, int]] = field(default_factory=set)
    estimated: bool = False


def key(unit: Unit, day: date) -> str:
    over = unit.active_until is not None and unit.active_until < day
    return f"{unit.code}@{unit.active_until}" if over else unit.code


class Oracle:
    """Everything of the database in plain dictionaries."""

    def __init__(self, external: bool) -> None:
        self.external = external
        self.units = {unit.pk: unit for unit in Unit.objects.all()}
        self.links: dict[int, list[tuple[int, Fraction]]] = defaultdict(list)
        for one in Succession.objects.all():
            self.links[one.old_id].append((one.new_id, Fraction(one.share_numerator, one.share_denominator)))
        self.counts: dict[tuple[int, int], dict[int, Numbers]] = defaultdict(dict)
        rows = DossierCount.objects.filter(edition__state=State.APPROVED).select_related(
            "edition__submission"
        )
        for row in rows:
            place = (row.edition.submission.unit_id, row.edition.submission.month % 100)
            self.counts[place][row.field_id] = {name: getattr(row, name) for name in MEASURES}

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

    def handed_over(self, unit: Unit, month: int) -> set[str]:
        """What does not count, among others' reports, of a unit that took over or was succeeded within a month."""
        start, end = span(month)
        found = set()
        if start < unit.active_from <= end and any(
            new == unit.pk and self.units[old].reports for old in self.links for new, _ in self.links[old]
        ):
            found.add("opening")
        if unit.active_until and start <= unit.active_until < end:
            if any(self.units[new].reports for new, _ in self.links[unit.pk]):
                found.add("pending_late")
        return found

    def told(
        self,
        whose: "Whose",
        months: list[int],
        day: date,
        fields: set[int] | None = None,
        together: bool = True,
    ) -> Told:
        """What the sources in a place come to; `whose`: for each source the ends that are in it. `together`: among
        others, not of one unit by itself.
        """
        told = Told()
        for pk, (ends, wanted) in whose.items():
            unit = self.units[pk]
            for month in months:
                if not unit.owes(*span(month)):
                    continue
                told.expected += 1
                report = self.counts.get((pk, month))
                if report is None:
                    told.missing.add((key(unit, day), month))
                    continue
                told.reported += 1
                told.estimated |= bool(wanted) and len(wanted) < len(whole(ends))
                left_out = self.handed_over(unit, month) if together else ()
                for number, row in report.items():
                    if fields is None or number in fields:
                        kept = {name: value for name, value in row.items() if name not in left_out}
                        self._add(told, kept, ends, wanted, month, months)
        return told

    @staticmethod
    def _add(told: Told, row: Numbers, ends: dict, wanted: set[int], month: int, months: list[int]) -> None:
        for name, value in row.items():
            state = {"opening": months[0], "pending_late": months[-1]}.get(name, month)
            if value is not None and state == month:
                told.sums[name] = (told.sums[name] or 0) + divided(value, ends, wanted)

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


Whose = dict[int, tuple[dict[int, Fraction], set[int]]]


NOWHERE = 1_000_000


def whole(ends: dict[int, Fraction]) -> dict[int, Fraction]:
    """With what ended without a successor as an end of its own."""
    rest = 1 - sum(ends.values())
    return ends | {NOWHERE: rest} if rest else ends


def divided(value: int, ends: dict[int, Fraction], wanted: Iterable[int]) -> int:
    """Of a number the parts that come to the wanted ends; all parts add up to the number."""
    ends = whole(ends)
    order = sorted(ends)
    parts = {pk: value * ends[pk] // 1 for pk in order}
    left = value - sum(parts.values())
    by_rest = sorted(order, key=lambda pk: (-(value * ends[pk] - parts[pk]), -ends[pk], pk))
    for pk in by_rest[: int(left)]:
        parts[pk] += 1
    return int(sum(parts[pk] for pk in wanted))
