"""What a signed-in user without a role is told: why nothing can be seen, and who gives roles."""

from datetime import date
from typing import NamedTuple

from accounts.models import User
from core.dates import format_day
from units.models import AccountOrigin

from .queries import memberships_of


class NoRoleNotice(NamedTuple):
    """In Vietnamese: why, and whom to ask."""

    why: str
    whom: str


def no_role_notice(user: User, day: date) -> NoRoleNotice | None:
    """None for who has a role. Two queries, one more than is asked for every page."""
    if memberships_of(user, day):
        return None
    held = list(user.memberships.select_related("unit").order_by("valid_from", "pk"))
    ahead = next((one for one in held if one.valid_from > day), None)
    if ahead:
        why = f"Vai trò của bạn ở {ahead.unit.name} bắt đầu từ ngày {format_day(ahead.valid_from)}."
    elif held:
        last = max(held, key=lambda one: one.valid_until or date.max)
        why = (
            f"Vai trò của bạn ở {last.unit.name} đã hết hiệu lực từ sau ngày {format_day(last.valid_until)}."
        )
    else:
        why = "Bạn đã đăng nhập, nhưng tài khoản này chưa có vai trò ở đơn vị nào."
    units = [one.unit for one in (ahead, *reversed(held)) if one]
    units += [one.unit for one in AccountOrigin.objects.filter(user=user).select_related("unit")]
    there = next((unit for unit in units if not unit.is_over(day)), None)
    whom = there.name if there else "đơn vị nơi bạn làm việc, hoặc của đơn vị cấp trên"
    return NoRoleNotice(f"{why} Vì thế chưa xem, chưa nhập được số liệu.", f"Quản trị viên của {whom}")
