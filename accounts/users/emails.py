"""E-mails with a link that lets a user set a password: signed, for a while, and good once.

As soon as password, address or state of the account change, or the user signs in, the link is void.
"""

import threading
from collections.abc import Callable

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import connection
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User
from core import rate_limit

RESET, INVITE = "reset", "invite"
# Part of links that were sent: another salt would make them void.
_SALT = "units" + ".links"


def link_token(user: User, purpose: str) -> str:
    """What stands in the address of the link."""
    return signing.TimestampSigner(salt=_SALT).sign(f"{purpose}:{user.pk}:{_account_state(user)}")


def user_of_link(token: str) -> User | None:
    """Whom the link is for; None where it is not ours, too old, or was used."""
    signer = signing.TimestampSigner(salt=_SALT)
    try:
        purpose, number, state = signer.unsign(token).split(":")
        signer.unsign(token, max_age=_life(purpose))
    except (signing.BadSignature, ValueError, KeyError):
        return None
    user = User.objects.filter(pk=number, is_active=True).first()
    return user if user is not None and constant_time_compare(state, _account_state(user)) else None


def _life(purpose: str) -> int:
    """Seconds."""
    return {RESET: settings.RESET_MINUTES * 60, INVITE: settings.ISSUED_PASSWORD_HOURS * 3600}[purpose]


def _account_state(user: User) -> str:
    parts = (user.pk, user.password, user.last_login, user.email, user.is_active, user.session_epoch)
    return salted_hmac(_SALT, repr(parts), algorithm="sha256").hexdigest()[:32]


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


def run_in_background(act: Callable[[], None]) -> None:
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
        if rate_limit.seconds_to_wait("reset-mail", f"person {user.pk}", most=3, seconds=_HOUR) == 0:
            send_mail("Đặt lại mật khẩu", _RESET.format(**_words(user, RESET)), None, [user.email])


def send_invitation(user: User) -> bool:
    """The link by which a new person sets the first password; False where the mail server did not take it."""
    try:
        text = _INVITE.format(**_words(user, INVITE))
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
        "address": settings.BASE_URL + reverse("password_set", args=[link_token(user, purpose)]),
    }
