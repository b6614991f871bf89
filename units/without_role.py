"""What somebody is told who is signed in and has no role on the day: why nothing can be seen, and who gives roles."""

from datetime import date
from typing import NamedTuple

from . import access
from .dates import write_day
from .models import AccountOrigin, User


class Told(NamedTuple):
    """In Vietnamese: why, and whom to ask."""

    why: str
    whom: str


def without_role(user: User, day: date) -> Told | None:
    """None for who has a role. Two queries, one more than is asked for every page."""
    if access.memberships(user, day):
        return None
    held = list(user.memberships.select_related("unit").order_by("valid_from", "pk"))
    ahead = next((one for one in held if one.valid_from > day), None)
    if ahead:
        why = f"Vai trò của bạn ở {ahead.unit.name} bắt đầu từ ngày {write_day(ahead.valid_from)}."
    elif held:
        last = max(held, key=lambda one: one.valid_until or date.max)
        why = f"Vai trò của bạn ở {last.unit.name} đã hết hiệu lực từ sau ngày {write_day(last.valid_until)}."
    else:
        why = "Bạn đã đăng nhập, nhưng tài khoản này chưa có vai trò ở đơn vị nào."
    units = [one.unit for one in (ahead, *reversed(held)) if one]
    units += [one.unit for one in AccountOrigin.objects.filter(user=user).select_related("unit")]
    there = next((unit for unit in units if not unit.is_over(day)), None)
    whom = there.name if there else "đơn vị nơi bạn làm việc, hoặc của đơn vị cấp trên"
    return Told(f"{why} Vì thế chưa xem, chưa nhập được số liệu.", f"Quản trị viên của {whom}")
