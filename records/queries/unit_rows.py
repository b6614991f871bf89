"""Rows by unit: those directly below, and the unit itself where it reports or has none below."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from figures.completeness import Missing
from figures.counts import Tally
from figures.periods import Month
from figures.summary import RowInput
from units import roster
from units.models import Unit

from .missing import Silent
from .question import Part, Question


def unit_rows(question: Question, found: Iterable[Part], lacking: Sequence[Silent] = ()) -> list[RowInput]:
    """The units directly below, in the order of tier and name; the unit itself where it reports or has none below.
    `found` are the parts by child, `lacking` who is silent, as far as that is told.
    """
    unit = question.unit
    silent_in = silent_in_rows(question, lacking)
    reported: dict[int, list[tuple[Month, Tally]]] = defaultdict(list)
    if question.today is not None:
        for part in found:
            if part.child is not None:
                reported[part.child].append((part.month, part.tally))
        return list(_today_rows(question, reported, silent_in))
    for part in found:
        reported[part.child or unit.pk].append((part.month, part.tally))
    itself = [
        question.of_tier(tiers)
        for tiers in roster.expected_itself(unit, question.spans, external=question.external)
    ]
    rows = []
    if not unit.has_children or reported[unit.pk] or any(itself):
        rows.append(_unit_row(question, unit, itself, reported[unit.pk], silent_in[unit.pk]))
    if unit.has_children:
        rows += [
            _unit_row(question, child, expected, reported[child.pk], silent_in[child.pk])
            for child, expected in question.expected_by_child.items()
            if _shown(question, child, expected, reported)
        ]
    return rows


def _today_rows(question: Question, reported: Mapping, silent_in: Mapping) -> Iterator[RowInput]:
    """Today's units: those that exist, and whatever has or owes figures."""
    unit, day = question.unit, question.today
    for heir in question.carried.rows:
        one = heir.unit
        if question.tier:
            kept = [place for place in heir.sources if not place.into or place.into == question.tier]
            heir = heir._replace(sources=kept)
        owed = question.carried.expected(heir, question.spans, once=True)
        expected = [question.of_tier(tiers) for tiers in owed] if question.tier else owed
        there = one.active_from <= day and not one.is_over(day) and (question.external or not one.external)
        # The unit itself only where it has something, or has nobody below.
        there &= not question.tier and (one.pk != unit.pk or not unit.has_children)
        if there or reported[one.pk] or any(expected):
            yield _unit_row(question, one, expected, reported[one.pk], silent_in[one.pk])


def _shown(question: Question, child: Unit, expected: list[dict[str, int]], reported: Mapping) -> bool:
    """Children that exist in the period (external bodies only when asked for), and whatever has or owes figures."""
    if reported.get(child.pk) or any(expected):
        return True
    if question.tier:
        return False
    there = child.active_from <= question.end and not child.is_over(question.start)
    return there and (question.external or not child.external)


def _unit_row(
    question: Question,
    unit: Unit,
    expected: list[dict[str, int]],
    reported: list[tuple[Month, Tally]],
    missing: list[Missing],
) -> RowInput:
    # Of a row only the whole period is told: no need of a number for each month.
    owed = Tally.expecting(sum(number for tiers in expected for number in tiers.values()))
    itself = unit.pk == question.unit.pk
    return RowInput(
        unit.key_on(question.named_on),
        unit.name,
        [*reported, (question.months[0], owed)],
        missing,
        {
            "pk": unit.pk,
            "code": unit.code,
            "tier": unit.tier,
            "kind": unit.kind,
            "has_children": unit.has_children and not itself,
        },
    )


def silent_in_rows(question: Question, lacking: Iterable[Silent]) -> dict[int, list[Missing]]:
    """Who is silent, by the row (number of its unit) that their reports would be part of."""
    found: dict[int, list[Missing]] = defaultdict(list)
    for one in lacking:
        for place in one.rows(question.unit):
            found[place].append(one.one)
    return found
