"""Nothing lasts longer than what it belongs to: last days of children and of their parents, held together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from .dates import write_day
from .drafts import Closing, Wrong
from .models import Unit

_NAMED = 3


def may_close(unit: Unit, on: date) -> bool:
    """Whether the unit may be given this last day: it has none, or only its parent's, which it need not live to see."""
    if unit.active_until is None:
        return True
    return (
        on < unit.active_until and unit.parent is not None and unit.active_until == unit.parent.active_until
    )


def bound_to_parents(fresh: Iterable[tuple[int, Unit]]) -> list[Wrong]:
    """A new unit without a last day ends with its parent, where that one ends; a later last day is wrong.

    Parents come first, so that a last day is handed down to the lowest unit.
    """
    found = []
    for index, unit in fresh:
        last = unit.parent.active_until if unit.parent else None
        if last is None:
            continue
        if unit.active_until is None:
            unit.active_until = last
        elif unit.active_until > last:
            ends = f"{unit.parent.name} chỉ hoạt động đến hết ngày {write_day(last)}"
            message = f"{ends}: {unit.name} không thể lâu hơn."
            found.append(Wrong(index, "active_until", "outlives_parent", message))
    return found


def left_open(closing: Sequence[Closing], known: Iterable[Unit]) -> list[Wrong]:
    """Groups that close over units below that go on. `known` are all units, with the last days that are planned."""
    closes = {one.unit.pk: one for one in closing}
    left: dict[int, list[str]] = defaultdict(list)
    for unit in known:
        above = closes.get(unit.parent_id)
        if above and (unit.active_until is None or unit.active_until > above.on):
            left[unit.parent_id].append(unit.name)
    return [
        still_open(one.index, "active_until", one.unit, left[pk]) for pk, one in closes.items() if left[pk]
    ]


def still_open(index: int, field: str, unit: Unit, names: Sequence[str]) -> Wrong:
    """Says which units below go on, and what to do."""
    more = f" và {len(names) - _NAMED} đơn vị khác" if len(names) > _NAMED else ""
    shown = ", ".join(sorted(names)[:_NAMED]) + more
    message = (
        f"{unit.name} còn đơn vị bên dưới đang hoạt động: {shown}. "
        "Hãy đóng các đơn vị ấy cùng lúc; đơn vị còn tiếp tục thì mở đơn vị kế thừa dưới cấp trên mới."
    )
    return Wrong(index, field, "children_open", message)
