"""The e-mail that reminds of what reviews ask a unit for: plain text, one a person and run."""

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse
from django.utils.text import capfirst

from figures.reminding import AFTER, BEFORE
from figures.writing import count, day
from records.letters import Letter
from reports.models import AskKind
from reports.queries.asked_reminders import AskedItem
from units.models import User

_TITLES = {BEFORE: "Sắp đến hạn", AFTER: "Đã quá hạn"}


def letter(user: User, items: Sequence[AskedItem]) -> Letter:
    """What a person is reminded of."""
    lines = [f"Kính gửi: {user}", "", "Báo cáo sơ kết, tổng kết đang chờ đơn vị:"]
    lines += [f"- {_told(item)}." for item in items]
    lines += [
        "",
        f"Viết và gửi tại: {settings.BASE_URL}{reverse('records:worklist')}",
        "",
        "Lời nhắc này cũng hiện trong “Việc của tôi”. Nếu không muốn nhận nhắc việc qua thư điện tử,",
        f"hãy tắt tại: {settings.BASE_URL}{reverse('account')}",
        "",
        "Thư do hệ thống theo dõi, báo cáo cải cách hành chính tự động gửi; không cần trả lời thư này.",
    ]
    return Letter(user.email, _subject(items), "\n".join(lines) + "\n")


def _subject(items: Sequence[AskedItem]) -> str:
    if len(items) > 1:
        return f"Nhắc gửi {count(len(items))} nội dung cho báo cáo sơ kết, tổng kết"
    one = items[0]
    what = "góp ý dự thảo" if one.asking.kind == AskKind.COMMENT else "gửi nội dung"
    title = _TITLES.get(one.kind)
    return f"{title} {what} báo cáo" if title else f"Hôm nay là hạn {what} báo cáo"


def _told(item: AskedItem) -> str:
    one = item.asking
    what = "góp ý dự thảo" if one.kind == AskKind.COMMENT else f"nội dung mục “{one.heading}”"
    text = f"{one.unit.name}: {what}, {one.review.title}, {one.review.unit.name}: {_due(item)}"
    text = " ".join(text.split())
    return capfirst(text)


def _due(item: AskedItem) -> str:
    left = (item.asking.due_on - item.day).days
    if left > 0:
        return f"hạn gửi {day(item.asking.due_on)}, còn {left} ngày"
    written = day(item.asking.due_on)
    return f"hạn gửi {written}, quá hạn {-left} ngày" if left else f"hạn gửi hôm nay, {written}"
