"""What units set for themselves and those below them (targets of rates, switched groups of columns, mappings of case
lists), and what of it goes on for who takes them over (docs/decisions/0024).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from figures.periods import Calendar
from figures.rates import BY_KEY
from figures.writing import decimal_vi, lower, tier_name
from records.models import CaseMapping, GroupSwitch, RateTarget
from units.models import Unit

Row = RateTarget | GroupSwitch | CaseMapping
Key = tuple[str, ...]
ByUnit = Mapping[int, Sequence[Row]]
_SOURCE = RateTarget._meta.get_field("source").max_length or 0
_ONE = timedelta(1)


class Taking(NamedTuple):
    """A unit that takes others over: its tier ("" is that of the old one), its first day, the reporting month of that
    day (YYYYMM), and the old units whose rules it goes on with.
    """

    tier: str
    on: date
    month: int
    olds: Sequence[Unit]


def taking(tier: str, on: date, parts: Iterable[tuple[Unit, Fraction]], days: Calendar) -> Taking:
    """`parts`: the old units with the share of each that comes over. Those that come over wholly are who goes on; only
    where none does, those of which a part comes.
    """
    parts = list(parts)
    whole = [old for old, share in parts if share == 1]
    return Taking(tier, on, days.month_of(on).number, whole or [old for old, _ in parts])


class Kind(NamedTuple):
    """A kind of rule. `key` of a row of a unit, as its successor has it; `from_then_on`: copies of rows of one key that
    say the same from the successor's first day on; `says`: what those of several old units have to agree on; `joined`:
    the copies of the successor, of those of each old unit; `name` and `value` in Vietnamese.
    """

    model: type[Row]
    key: Callable[[Any, Unit, Taking], Key]
    from_then_on: Callable[[Sequence[Any], Key, Taking], list[Any]]
    says: Callable[[Any], tuple]
    joined: Callable[[Sequence[list[Any]]], list[Any]]
    name: Callable[[Any], str]
    value: Callable[[Any], str]


def kept(kind: Kind, units: Iterable[int]) -> ByUnit:
    """The rows of these units, in the order in which they were set. One query."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in kind.model.objects.filter(unit__in=list(units)).order_by("pk"):
        found[row.unit_id].append(row)
    return found


def going_on(kind: Kind, new: Taking, rows: ByUnit) -> tuple[dict[Key, list[Row]], list[Row]]:
    """By key the rows, not yet stored, that who takes over goes on with; and a row of each key that its old units
    disagree on. An old unit that says nothing of a key agrees with the others.
    """
    said: dict[Key, list[list[Row]]] = defaultdict(list)
    for old in new.olds:
        by_key: dict[Key, list[Row]] = defaultdict(list)
        for row in rows.get(old.pk, ()):
            by_key[kind.key(row, old, new)].append(row)
        for key, some in by_key.items():
            if copies := kind.from_then_on(some, key, new):
                said[key].append(copies)
    agreed, disputed = {}, []
    for key, several in said.items():
        first, *others = [[kind.says(row) for row in some] for some in several]
        if all(other == first for other in others):
            agreed[key] = kind.joined(several)
        else:
            disputed.append(several[0][0])
    return agreed, disputed


def content(row: Row) -> dict[str, Any]:
    """All that a row says, whoever has it."""
    columns = (one.attname for one in row._meta.concrete_fields)
    return {name: getattr(row, name) for name in columns if name not in ("id", "unit_id", "followed")}


def _copy(row: Row, **other: Any) -> Row:
    return type(row)(**content(row) | {"followed": True} | other)


def _of_target(row: RateTarget, unit: Unit, new: Taking) -> Key:
    """What is of the tier of the old unit itself is of that of the new one."""
    return row.rate, new.tier if new.tier and row.tier == unit.tier else row.tier


def _percents(rows: Sequence[RateTarget], key: Key, new: Taking) -> list[Row]:
    """One after the other: of two that are in force at once the one that began later counts."""
    ends = [row.valid_until + _ONE for row in rows if row.valid_until and row.valid_until >= new.on]
    days = sorted({new.on, *ends, *(row.valid_from for row in rows if row.valid_from > new.on)})
    found: list[tuple[RateTarget, date, date | None]] = []
    for start, after in zip(days, [*days[1:], None], strict=True):
        there = [row for row in rows if row.valid_from <= start <= (row.valid_until or date.max)]
        if not there:
            continue
        row = max(there, key=lambda one: one.valid_from)
        if found and found[-1][0] is row:
            start = found.pop()[1]
        found.append((row, start, after and after - _ONE))
    return [_copy(row, tier=key[1], valid_from=start, valid_until=until) for row, start, until in found]


def _sources_told(several: Sequence[list[RateTarget]]) -> list[RateTarget]:
    for rows in zip(*several, strict=True):
        told = "; ".join(dict.fromkeys(row.source for row in rows if row.source))
        rows[0].source = told if len(told) <= _SOURCE else "Theo căn cứ của các đơn vị cũ"
    return several[0]


def _switches(rows: Sequence[GroupSwitch], key: Key, new: Taking) -> list[Row]:
    """What holds in the first month, and what begins later."""
    ordered = sorted(rows, key=lambda row: row.first_month)
    before = [row for row in ordered if row.first_month <= new.month]
    later = ordered[len(before) :]
    return [_copy(row, first_month=max(row.first_month, new.month)) for row in (*before[-1:], *later)]


TARGETS = Kind(
    RateTarget,
    _of_target,
    _percents,
    lambda row: (row.percent, row.valid_from, row.valid_until),
    _sources_told,
    lambda row: (
        f"chỉ tiêu giao “{BY_KEY[row.rate].name}”{f', {lower(tier_name(row.tier))}' if row.tier else ''}"
    ),
    lambda row: f" {decimal_vi(f'{row.percent.normalize():f}')}%",
)
GROUPS = Kind(
    GroupSwitch,
    lambda row, unit, new: (row.group,),
    _switches,
    lambda row: (row.first_month, row.asked),
    lambda several: several[0],
    lambda row: f"nhóm cột “{row.get_group_display()}”",
    lambda row: " có nhập" if row.asked else " không nhập",
)
MAPPINGS = Kind(
    CaseMapping,
    lambda row, unit, new: (row.name,),
    lambda rows, key, new: [_copy(row) for row in rows],
    lambda row: (row.content,),
    lambda several: several[0],
    lambda row: f"cách ghép cột “{row.name}”",
    lambda row: "",
)
KINDS = (TARGETS, GROUPS, MAPPINGS)
