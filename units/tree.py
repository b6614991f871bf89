"""The rules of the tree, over drafts and what there is already: every fault at once, nothing written."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from .dates import write_day
from .drafts import Closing, Draft, Plan, Refused, Wrong
from .lifetimes import bound_to_parents, left_open, may_close
from .models import Kind, Tier, Unit
from .queries import Codes, split_code
from .words import canonical

__all__ = ["Closing", "Draft", "Plan", "Refused", "Wrong", "day_before", "plan"]

# Codes stand in addresses, file names and space-separated lists.
_CODE = re.compile(r"[^\W_][\w./-]{0,63}")
_RANK = {tier: rank for rank, tier in enumerate(Tier.values)}


def plan(drafts: Sequence[Draft], existing: Iterable[Unit]) -> Plan:
    """Check all drafts against each other and against the existing units (at least those of the same codes, and the
    parents, as they are now). A draft equal to an existing unit is unchanged; one that only adds its last day closes
    it.
    """
    known = list(existing)
    units = [draft.unit() for draft in drafts]
    wrongs = [wrong for index, unit in enumerate(units) for wrong in _of_one(index, unit)]
    fresh, matches, repeated = _sorted_out(units, known)
    wrongs += repeated
    closing = [
        Closing(index, match, units[index].active_until)
        for index, match in matches.items()
        if units[index].active_until is not None and may_close(match, units[index].active_until)
    ]
    for one in closing:
        one.unit.active_until = one.on  # so that its code is free for a successor in the same file
    codes = Codes([*known, *(units[index] for index in fresh)])
    by_number = {unit.pk: unit for unit in known}
    for index in fresh:
        wrongs += _parent(index, drafts[index], units[index], codes, by_number)
        wrongs += _overlap(index, units[index], codes)
    wrongs += left_open(closing, known)
    wrongs += _cycles(fresh, units)
    for index, match in matches.items():
        wrongs += _differences(index, drafts[index], units[index], match, codes)
    if wrongs:
        return Plan([], closing, 0, wrongs)
    new = [(index, units[index]) for index in _parents_first(fresh, units)]
    return Plan(new, closing, len(matches) - len(closing), bound_to_parents(new))


def _sorted_out(units: list[Unit], known: list[Unit]) -> tuple[list[int], dict[int, Unit], list[Wrong]]:
    """Which drafts are new, which name an existing unit (the same code and first day), which repeat another draft."""
    by_start = {(unit.code, unit.active_from): unit for unit in known}
    fresh: list[int] = []
    matches: dict[int, Unit] = {}
    repeated: list[Wrong] = []
    taken: set[int] = set()
    for index, unit in enumerate(units):
        match = by_start.setdefault((unit.code, unit.active_from), unit)
        if match is unit:
            fresh.append(index)
        elif match.pk is None or match.pk in taken:
            message = f"Mã {unit.code} từ {write_day(unit.active_from)} có hai lần."
            repeated.append(Wrong(index, "code", "repeated_row", message))
        else:
            matches[index] = match
            taken.add(match.pk)
    return fresh, matches, repeated


def _of_one(index: int, unit: Unit) -> list[Wrong]:
    found = []
    if not _CODE.fullmatch(unit.code) or unicodedata.normalize("NFKC", unit.code) != unit.code:
        message = (
            "Mã phải có, không quá 64 ký tự, chỉ gồm chữ, số và các dấu . - _ /, bắt đầu bằng chữ hoặc số."
        )
        found.append(Wrong(index, "code", "bad_code", message))
    if not unit.name or len(unit.name) > 200:
        found.append(Wrong(index, "name", "bad_name", "Tên phải có và không quá 200 ký tự."))
    if unit.kind not in Kind.values:
        found.append(
            Wrong(index, "kind", "unknown_kind", f"Không có loại “{unit.kind}” ({', '.join(Kind.values)}).")
        )
    if unit.tier not in Tier.values and not (unit.kind == Kind.OFFICE and not unit.tier):
        found.append(
            Wrong(index, "tier", "unknown_tier", f"Không có cấp “{unit.tier}” ({', '.join(Tier.values)}).")
        )
    if unit.active_until is not None and unit.active_until < unit.active_from:
        found.append(
            Wrong(index, "active_until", "dates", "Ngày kết thúc hoạt động phải từ ngày bắt đầu trở đi.")
        )
    return found


def _parent(index: int, draft: Draft, unit: Unit, codes: Codes, by_number: Mapping[int, Unit]) -> list[Wrong]:
    """Find the parent on the unit's first day, as it is kept now, and compare kinds and tiers."""
    if draft.parent is None or draft.parent == "":
        if unit.kind == Kind.OFFICE:
            return [Wrong(index, "parent", "no_parent", "Phòng, ban phải có đơn vị cấp trên.")]
        return []
    parent = draft.parent
    if isinstance(parent, str):
        try:
            code, day = split_code(parent)
        except ValueError as error:
            return [Wrong(index, "parent", "bad_date", str(error))]
        first = draft.active_from if day is None else day
        parent = next(
            (one for one in codes.holders(code) if one.active_from <= first and not one.is_over(first)), None
        )
        if parent is None:
            return [_no_parent(index, draft.parent, codes.holders(code), first)]
    # Whoever fetched it did so before the tree was locked, or before it was closed in the same act.
    parent = by_number.get(parent.pk, parent)
    if not (parent.active_from <= unit.active_from and not parent.is_over(unit.active_from)):
        day = write_day(unit.active_from)
        return [Wrong(index, "parent", "parent_not_active", f"{parent.name} không hoạt động ngày {day}.")]
    unit.parent = parent
    return _tiers(index, unit, parent)


def _no_parent(index: int, text: str, holders: list[Unit], day: date) -> Wrong:
    if holders:
        message = f"Đơn vị cấp trên {text} không hoạt động ngày {write_day(day)}."
        return Wrong(index, "parent", "parent_not_active", message)
    return Wrong(index, "parent", "unknown_unit", f"Không có đơn vị nào mang mã {text}.")


def _tiers(index: int, unit: Unit, parent: Unit) -> list[Wrong]:
    if unit.kind == Kind.OFFICE:
        # An office reports at the tier of its parent; a file may leave its tier out.
        if unit.tier and parent.tier and unit.tier != parent.tier:
            message = f"Phòng, ban báo cáo ở cấp của đơn vị cấp trên ({Tier(parent.tier).label})."
            return [Wrong(index, "tier", "tier_of_office", message)]
        unit.tier = parent.tier
    elif unit.tier in _RANK and parent.tier in _RANK and _RANK[unit.tier] < _RANK[parent.tier]:
        return [Wrong(index, "tier", "tier_above_parent", "Cấp của đơn vị cao hơn cấp của đơn vị cấp trên.")]
    return []


def _overlap(index: int, unit: Unit, codes: Codes) -> list[Wrong]:
    last = unit.active_until or date.max
    for other in codes.holders(unit.code):
        if other is unit or other.active_from > last or other.is_over(unit.active_from):
            continue
        until = f" đến {write_day(other.active_until)}" if other.active_until else ""
        message = (
            f"Mã {unit.code} đã thuộc {other.name} từ {write_day(other.active_from)}{until}: trùng thời gian."
        )
        if other.active_until is None and other.active_from < unit.active_from:
            message += " Hãy ghi ngày kết thúc cho đơn vị đó trước."
        return [Wrong(index, "code", "code_overlap", message)]
    return []


def _cycles(fresh: list[int], units: list[Unit]) -> list[Wrong]:
    found = []
    for index in fresh:
        seen, above = {id(units[index])}, units[index].parent
        while above is not None and above.pk is None and id(above) not in seen:
            seen.add(id(above))
            above = above.parent
        if above is units[index]:
            found.append(Wrong(index, "parent", "cycle", "Đơn vị cấp trên lại nằm dưới chính đơn vị này."))
    return found


def _differences(index: int, draft: Draft, unit: Unit, kept: Unit, codes: Codes) -> list[Wrong]:
    """A unit is never renamed or moved in place: what differs from the kept one is an error."""
    unit.tier = unit.tier or kept.tier
    pairs = [
        ("name", canonical(unit.name), canonical(kept.name)),
        ("kind", unit.kind, kept.kind),
        ("tier", unit.tier, kept.tier),
        ("reports", unit.reports_declared, kept.reports_declared),
    ]
    different = [field for field, new, old in pairs if new != old]
    if unit.active_until and kept.active_until and unit.active_until != kept.active_until:
        different.append("active_until")
    if isinstance(draft.parent, str) and draft.parent:
        above = codes.resolve(draft.parent, draft.active_from)
        if above is None or above.pk != kept.parent_id:
            different.append("parent")
    elif (draft.parent.pk if draft.parent else None) != kept.parent_id:
        different.append("parent")
    since = f"Mã {unit.code} từ {write_day(unit.active_from)} đã có"
    return [
        Wrong(
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


def day_before(day: date) -> date:
    return day - timedelta(1)
