"""E-mails about accounts. None holds a password, only a link."""

import threading
from collections.abc import Callable

from django.conf import settings
from django.core.mail import send_mail
from django.db import connection
from django.urls import reverse

from . import links, pace
from .models import User

_MOST_PEOPLE = 5
_HOUR = 3600
_RESET = """Xin chào {name},

Có người (có thể là bạn) đề nghị đặt lại mật khẩu của tài khoản {username}
ở hệ thống theo dõi, báo cáo cải cách hành chính.
Mở địa chỉ này trong {minutes} phút để đặt mật khẩu mới; địa chỉ dùng được một lần:

{address}

Nếu không phải bạn thì bỏ qua thư này, mật khẩu không thay đổi.
"""
_INVITE = """Xin chào {name},

Bạn được cấp tài khoản {username} ở hệ thống theo dõi, báo cáo cải cách hành chính.
Mở địa chỉ này trong {hours} giờ để đặt mật khẩu; địa chỉ dùng được một lần:

{address}

Quá hạn thì đề nghị quản trị viên gửi lại.
"""


NO_SERVER = "Hệ thống chưa đặt máy chủ thư nên không gửi được thư."


def is_set_up() -> bool:
    """Whether e-mails are at least printed; False in production without CCHC_EMAIL_URL."""
    return not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")


def leaves() -> bool:
    """Whether e-mails leave this machine."""
    return is_set_up() and not settings.EMAIL_BACKEND.endswith("console.EmailBackend")


def later(act: Callable[[], None]) -> None:
    """Do it after the answer: how long the answer takes must not tell whether there was anything to do."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    threading.Thread(target=run, daemon=True).start()


def send_reset(email: str) -> None:
    """A link to each account with that address; none where three were sent within the hour."""
    found = User.objects.filter(email__iexact=email, is_active=True).order_by("pk") if email else []
    for user in found[:_MOST_PEOPLE]:
        if pace.wait("reset-mail", f"person {user.pk}", most=3, seconds=_HOUR) == 0:
            send_mail("Đặt lại mật khẩu", _RESET.format(**_words(user, links.RESET)), None, [user.email])


def send_invitation(user: User) -> bool:
    """The link by which a new person sets the first password; False where the mail server did not take it."""
    try:
        text = _INVITE.format(**_words(user, links.INVITE))
        return bool(send_mail("Mời sử dụng hệ thống báo cáo cải cách hành chính", text, None, [user.email]))
    except (OSError, ValueError):
        # The server or the way to it (SMTPException is an OSError); an address that cannot be written.
        return False


def _words(user: User, purpose: str) -> dict:
    return {
        "name": str(user),
        "username": user.get_username(),
        "minutes": settings.RESET_MINUTES,
        "hours": settings.ISSUED_PASSWORD_HOURS,
        "address": settings.BASE_URL + reverse("password_set", args=[links.token_for(user, purpose)]),
    }
