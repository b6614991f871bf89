"""Validates drafts of units against the tree and reports every fault at once; writes nothing.

No unit outlives its parent.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from core.dates import format_day
from core.text import canonical_text, clean_text
from units.models import Tier, Unit, UnitKind

from . import details
from .queries import CodeIndex, split_code


@dataclass
class UnitDraft:
    """A unit to open. `parent`: a code (or CODE@day) that is looked up on the first day, or the parent unit."""

    code: str
    name: str
    kind: str
    tier: str
    active_from: date
    active_until: date | None = None
    parent: str | Unit | None = None
    reports_declared: bool | None = None
    legal_basis: str = ""

    def unit(self) -> Unit:
        """The unit as it would be saved, without parent and path."""
        return Unit(
            code=canonical_text(self.code),
            name=clean_text(self.name),
            kind=self.kind,
            tier=self.tier,
            active_from=self.active_from,
            active_until=self.active_until,
            reports_declared=self.reports_declared,
            **{name: clean_text(text) for name, text in details.detail_texts(self).items()},
        )


class DraftFault(NamedTuple):
    """A fault of the draft at `index`: field of the draft, code for programs, message in Vietnamese."""

    index: int
    field: str
    code: str
    message: str


class TreeRefused(Exception):
    """The rules of the tree forbid an action; carries every fault."""

    def __init__(self, wrongs: Sequence[DraftFault]):
        super().__init__(" ".join(wrong.message for wrong in wrongs))
        self.wrongs = list(wrongs)


class PlannedClosing(NamedTuple):
    """A unit that the draft at `index` closes; `on` is its last day."""

    index: int
    unit: Unit
    on: date


class TreePlan(NamedTuple):
    """Drafts turned into units: `new` with parents set (parents before children), existing ones that only close."""

    new: list[tuple[int, Unit]]
    closing: list[PlannedClosing]
    unchanged: int
    wrongs: list[DraftFault]


_NAMED = 3


def may_close(unit: Unit, on: date) -> bool:
    """Whether the unit may get this last day: it has none yet, or a later one that is only its parent's."""
    if unit.active_until is None:
        return True
    return (
        on < unit.active_until and unit.parent is not None and unit.active_until == unit.parent.active_until
    )


def bound_to_parents(fresh: Iterable[tuple[int, Unit]]) -> list[DraftFault]:
    """Give each new unit without a last day that of its parent; a later last day is a fault.

    Parents come first, so that a last day reaches the lowest unit.
    """
    faults = []
    for index, unit in fresh:
        last = unit.parent.active_until if unit.parent else None
        if last is None:
            continue
        if unit.active_until is None:
            unit.active_until = last
        elif unit.active_until > last:
            ends = f"{unit.parent.name} chỉ hoạt động đến hết ngày {format_day(last)}"
            message = f"{ends}: {unit.name} không thể lâu hơn."
            faults.append(DraftFault(index, "active_until", "outlives_parent", message))
    return faults


def left_open(closing: Sequence[PlannedClosing], units: Iterable[Unit]) -> list[DraftFault]:
    """Faults of groups that close while units below stay open. `units`: all of them, with their planned last days."""
    closes = {planned.unit.pk: planned for planned in closing}
    left: dict[int, list[str]] = defaultdict(list)
    for unit in units:
        above = closes.get(unit.parent_id)
        if above and (unit.active_until is None or unit.active_until > above.on):
            left[unit.parent_id].append(unit.name)
    return [
        still_open_below(planned.index, "active_until", planned.unit, left[pk])
        for pk, planned in closes.items()
        if left[pk]
    ]


def still_open_below(index: int, field: str, unit: Unit, names: Sequence[str]) -> DraftFault:
    """The fault that names the units below that stay open, and what to do."""
    more = f" và {len(names) - _NAMED} đơn vị khác" if len(names) > _NAMED else ""
    shown = ", ".join(sorted(names)[:_NAMED]) + more
    message = (
        f"{unit.name} còn đơn vị bên dưới đang hoạt động: {shown}. "
        "Hãy đóng các đơn vị ấy cùng lúc; đơn vị còn tiếp tục thì mở đơn vị kế thừa dưới cấp trên mới."
    )
    return DraftFault(index, field, "children_open", message)


# Codes are used in addresses, file names and space-separated lists.
_CODE = re.compile(r"[^\W_][\w./-]{0,63}")
_RANK = {tier: rank for rank, tier in enumerate(Tier.values)}


def plan_drafts(drafts: Sequence[UnitDraft], existing: Iterable[Unit]) -> TreePlan:
    """Check all drafts against each other and the existing units (at least those with the same codes, and the parents).

    A draft equal to an existing unit is unchanged; one that only adds its last day closes it.
    """
    existing_units = list(existing)
    units = [draft.unit() for draft in drafts]
    wrongs = [wrong for index, unit in enumerate(units) for wrong in _faults_of_draft(index, unit)]
    fresh, matches, repeated = _new_and_known(units, existing_units)
    wrongs += repeated
    closing = [
        PlannedClosing(index, match, units[index].active_until)
        for index, match in matches.items()
        if units[index].active_until is not None and may_close(match, units[index].active_until)
    ]
    for planned in closing:
        planned.unit.active_until = planned.on  # so that its code is free for a successor in the same file
    codes = CodeIndex([*existing_units, *(units[index] for index in fresh)])
    by_number = {unit.pk: unit for unit in existing_units}
    for index in fresh:
        wrongs += _faults_of_parent(index, drafts[index], units[index], codes, by_number)
        wrongs += _overlap(index, units[index], codes)
    wrongs += left_open(closing, existing_units)
    wrongs += _cycles(fresh, units)
    for index, match in matches.items():
        wrongs += _differences(index, drafts[index], units[index], match, codes)
    if wrongs:
        return TreePlan([], closing, 0, wrongs)
    new = [(index, units[index]) for index in _parents_first(fresh, units)]
    return TreePlan(new, closing, len(matches) - len(closing), bound_to_parents(new))


def _new_and_known(
    units: list[Unit], existing_units: list[Unit]
) -> tuple[list[int], dict[int, Unit], list[DraftFault]]:
    """New drafts, drafts of existing units (same code and first day), and faults of drafts that repeat another."""
    by_start = {(unit.code, unit.active_from): unit for unit in existing_units}
    fresh: list[int] = []
    matches: dict[int, Unit] = {}
    repeated: list[DraftFault] = []
    matched: set[int] = set()
    for index, unit in enumerate(units):
        match = by_start.setdefault((unit.code, unit.active_from), unit)
        if match is unit:
            fresh.append(index)
        elif match.pk is None or match.pk in matched:
            message = f"Mã {unit.code} từ {format_day(unit.active_from)} có hai lần."
            repeated.append(DraftFault(index, "code", "repeated_row", message))
        else:
            matches[index] = match
            matched.add(match.pk)
    return fresh, matches, repeated


def _faults_of_draft(index: int, unit: Unit) -> list[DraftFault]:
    faults = []
    if not _CODE.fullmatch(unit.code) or unicodedata.normalize("NFKC", unit.code) != unit.code:
        message = (
            "Mã phải có, không quá 64 ký tự, chỉ gồm chữ, số và các dấu . - _ /, bắt đầu bằng chữ hoặc số."
        )
        faults.append(DraftFault(index, "code", "bad_code", message))
    if not unit.name or len(unit.name) > 200:
        faults.append(DraftFault(index, "name", "bad_name", "Tên phải có và không quá 200 ký tự."))
    if unit.kind not in UnitKind.values:
        faults.append(
            DraftFault(
                index, "kind", "unknown_kind", f"Không có loại “{unit.kind}” ({', '.join(UnitKind.values)})."
            )
        )
    if unit.tier not in Tier.values and not (unit.kind == UnitKind.OFFICE and not unit.tier):
        faults.append(
            DraftFault(
                index, "tier", "unknown_tier", f"Không có cấp “{unit.tier}” ({', '.join(Tier.values)})."
            )
        )
    if unit.active_until is not None and unit.active_until < unit.active_from:
        faults.append(
            DraftFault(index, "active_until", "dates", "Ngày kết thúc hoạt động phải từ ngày bắt đầu trở đi.")
        )
    return faults


def _faults_of_parent(
    index: int, draft: UnitDraft, unit: Unit, codes: CodeIndex, by_number: Mapping[int, Unit]
) -> list[DraftFault]:
    """Look up the parent on the unit's first day, and compare kinds and tiers."""
    if draft.parent is None or draft.parent == "":
        if unit.kind == UnitKind.OFFICE:
            return [DraftFault(index, "parent", "no_parent", "Phòng, ban phải có đơn vị cấp trên.")]
        return []
    parent = draft.parent
    if isinstance(parent, str):
        try:
            code, day = split_code(parent)
        except ValueError as error:
            return [DraftFault(index, "parent", "bad_date", str(error))]
        first = draft.active_from if day is None else day
        parent = next(
            (
                holder
                for holder in codes.holders(code)
                if holder.active_from <= first and not holder.is_over(first)
            ),
            None,
        )
        if parent is None:
            return [_no_parent(index, draft.parent, codes.holders(code), first)]
    # It was fetched before the tree was locked, or before it was closed in the same transaction.
    parent = by_number.get(parent.pk, parent)
    if not (parent.active_from <= unit.active_from and not parent.is_over(unit.active_from)):
        day = format_day(unit.active_from)
        return [
            DraftFault(index, "parent", "parent_not_active", f"{parent.name} không hoạt động ngày {day}.")
        ]
    unit.parent = parent
    return _tiers(index, unit, parent)


def _no_parent(index: int, text: str, holders: list[Unit], day: date) -> DraftFault:
    if holders:
        message = f"Đơn vị cấp trên {text} không hoạt động ngày {format_day(day)}."
        return DraftFault(index, "parent", "parent_not_active", message)
    return DraftFault(index, "parent", "unknown_unit", f"Không có đơn vị nào mang mã {text}.")


def _tiers(index: int, unit: Unit, parent: Unit) -> list[DraftFault]:
    if unit.kind == UnitKind.OFFICE:
        # An office reports at the tier of its parent; a file may omit it.
        if unit.tier and parent.tier and unit.tier != parent.tier:
            message = f"Phòng, ban báo cáo ở cấp của đơn vị cấp trên ({Tier(parent.tier).label})."
            return [DraftFault(index, "tier", "tier_of_office", message)]
        unit.tier = parent.tier
    elif unit.tier in _RANK and parent.tier in _RANK and _RANK[unit.tier] < _RANK[parent.tier]:
        return [
            DraftFault(index, "tier", "tier_above_parent", "Cấp của đơn vị cao hơn cấp của đơn vị cấp trên.")
        ]
    return []


def _overlap(index: int, unit: Unit, codes: CodeIndex) -> list[DraftFault]:
    last = unit.active_until or date.max
    for other in codes.holders(unit.code):
        if other is unit or other.active_from > last or other.is_over(unit.active_from):
            continue
        until = f" đến {format_day(other.active_until)}" if other.active_until else ""
        message = f"Mã {unit.code} đã thuộc {other.name} từ {format_day(other.active_from)}{until}: trùng thời gian."
        if other.active_until is None and other.active_from < unit.active_from:
            message += " Hãy ghi ngày kết thúc cho đơn vị đó trước."
        return [DraftFault(index, "code", "code_overlap", message)]
    return []


def _cycles(fresh: list[int], units: list[Unit]) -> list[DraftFault]:
    faults = []
    for index in fresh:
        seen, above = {id(units[index])}, units[index].parent
        while above is not None and above.pk is None and id(above) not in seen:
            seen.add(id(above))
            above = above.parent
        if above is units[index]:
            faults.append(
                DraftFault(index, "parent", "cycle", "Đơn vị cấp trên lại nằm dưới chính đơn vị này.")
            )
    return faults


def _differences(
    index: int, draft: UnitDraft, unit: Unit, existing: Unit, codes: CodeIndex
) -> list[DraftFault]:
    """A unit is never renamed or moved in place: any difference from the existing one is a fault."""
    unit.tier = unit.tier or existing.tier
    pairs = [
        ("name", canonical_text(unit.name), canonical_text(existing.name)),
        ("kind", unit.kind, existing.kind),
        ("tier", unit.tier, existing.tier),
        ("reports", unit.reports_declared, existing.reports_declared),
    ]
    different = [field for field, new, old in pairs if new != old]
    if unit.active_until and existing.active_until and unit.active_until != existing.active_until:
        different.append("active_until")
    if isinstance(draft.parent, str) and draft.parent:
        above = codes.resolve(draft.parent, draft.active_from)
        if above is None or above.pk != existing.parent_id:
            different.append("parent")
    elif (draft.parent.pk if draft.parent else None) != existing.parent_id:
        different.append("parent")
    since = f"Mã {unit.code} từ {format_day(unit.active_from)} đã có"
    return [
        DraftFault(
            index,
            field,
            "differs",
            f"{since} với nội dung khác. Đơn vị không sửa tại chỗ: hãy đóng và mở đơn vị kế thừa.",
        )
        for field in different
    ]


def _parents_first(fresh: list[int], units: list[Unit]) -> list[int]:
    def depth(unit: Unit) -> int:
        above = 0
        while unit.parent is not None and unit.parent.pk is None:
            unit, above = unit.parent, above + 1
        return above

    return sorted(fresh, key=lambda index: depth(units[index]))
