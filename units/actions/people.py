"""People: accounts, issued passwords, roles in units."""

import secrets
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from ledger import log
from units import mailing, safety
from units.dates import write_day
from units.models import AccountOrigin, Membership, Role, Unit, User
from units.words import clean

# Without letters and digits that look alike on paper (0 O, 1 l I): an issued password is read out or copied by hand.
SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"

_OWN_PASSWORD = "Mật khẩu của chính mình thì đổi ở trang Tài khoản của tôi."
_PASSWORD = ["password", "must_change_password", "password_expires_at"]


class Denied(Exception):
    """A change of people that the rules forbid; `field` of the form and a Vietnamese message."""

    def __init__(self, field: str, message: str):
        super().__init__(message)
        self.field = field


def subject(user: User) -> str:
    """How the log names a person."""
    return f"user:{user.pk}"


@transaction.atomic
def create_user(
    username: str,
    *,
    by: User | None,
    at: datetime,
    full_name: str = "",
    position: str = "",
    email: str = "",
) -> tuple[User, str]:
    """A new account and its issued password, which is shown once and kept nowhere. Errors: Denied for a taken name.

    The password opens only the page that changes it, once, within 72 hours (acceptance S10).
    """
    username = User.normalize_username(clean(username))
    if User.objects.filter(username__iexact=username).exists():
        raise Denied("username", "Tên đăng nhập này đã có.")
    said = {"full_name": clean(full_name), "position": clean(position)}
    user = User(username=username, email=email, **said)
    password = _issue(user, at)
    user.save(force_insert=True)
    detail = {"username": user.username, **said}
    log.append("user.create", by=by, subject=subject(user), detail=detail)
    return user, password


@transaction.atomic
def create_person(unit: Unit | None, *, by: User, at: datetime, **about: str) -> tuple[User, str]:
    """As `create_user`; until the account has a role the administrators of the unit manage it."""
    user, password = create_user(by=by, at=at, **about)
    if unit is not None:
        AccountOrigin.objects.create(user=user, unit=unit)
    return user, password


def _issue(user: User, at: datetime) -> str:
    password = "-".join("".join(secrets.choice(SIGNS) for _ in range(4)) for _ in range(5))
    user.set_password(password)
    user.must_change_password = True
    user.password_expires_at = at + timedelta(hours=settings.ISSUED_PASSWORD_HOURS)
    return password


@transaction.atomic
def issue_password(user: User, *, by: User | None, at: datetime) -> str:
    """A new password for a person who lost theirs; ends the person's sessions. Shown once, kept nowhere.

    Errors: Denied for one's own account, whose password is asked for where it is changed.
    """
    if by is not None and by.pk == user.pk:
        raise Denied("", _OWN_PASSWORD)
    password = _issue(user, at)
    user.save(update_fields=_PASSWORD)
    log.append(
        "user.issue_password", by=by, subject=subject(user), detail={"until": user.password_expires_at}
    )
    return password


@transaction.atomic
def use_issued_password(user: User, *, at: datetime) -> bool:
    """Take the one sign-in that an issued password is good for; False where it was used or has run out.

    A conditional update, so that two sign-ins at once cannot both have it.
    """
    taken = User.objects.filter(pk=user.pk, must_change_password=True, password_expires_at__gt=at).update(
        password_expires_at=at
    )
    return bool(taken)


@transaction.atomic
def change_password(user: User, password: str, *, by: User | None, on: date) -> None:
    """Set a password of the person's own choice (validated by the form); other sessions end with the old hash."""
    user.set_password(password)
    user.must_change_password = False
    user.password_expires_at = None
    days = safety.current().password_days
    user.password_changed_on = on
    user.password_due = on + timedelta(days) if days and not user.demo else None
    user.save(update_fields=[*_PASSWORD, "password_changed_on", "password_due"])
    log.append("user.change_password", by=by, subject=subject(user), detail={})


@transaction.atomic
def invite(user: User, *, by: User | None) -> None:
    """Take the password away: the person sets one by a link that goes to their address (units.links). Ends their
    sessions. Errors: Denied without an address, without a mail server, and for one's own account.
    """
    if not user.email:
        raise Denied("email", "Chưa có địa chỉ thư điện tử để gửi thư mời.")
    if not mailing.is_set_up():
        raise Denied("", f"{mailing.NO_SERVER} Hãy cấp mật khẩu.")
    if by is not None and by.pk == user.pk:
        raise Denied("", _OWN_PASSWORD)
    user.set_unusable_password()
    user.must_change_password = False
    user.password_expires_at = None
    user.save(update_fields=_PASSWORD)
    log.append("user.invite", by=by, subject=subject(user), detail={"email": user.email})


@transaction.atomic
def edit_user(user: User, *, by: User | None, full_name: str, position: str, email: str) -> None:
    """Change what a person is called; the sign-in name stays. Errors: Denied for one's own address, to which a link
    that sets the password goes.
    """
    if by is not None and by.pk == user.pk and email != user.email:
        raise Denied("email", "Địa chỉ của chính mình thì đổi ở trang Tài khoản của tôi.")
    new = {"full_name": clean(full_name), "position": clean(position), "email": email}
    changed = {
        field: [getattr(user, field), value] for field, value in new.items() if getattr(user, field) != value
    }
    if changed:
        for field, value in new.items():
            setattr(user, field, value)
        user.save(update_fields=list(new))
        log.append("user.edit", by=by, subject=subject(user), detail=changed)


@transaction.atomic
def edit_own(user: User, *, by: User, email: str, mail_muted: bool) -> bool:
    """What a person sets alone: the own address, and whether e-mails remind. False where nothing changes."""
    new = {"email": email, "mail_muted": mail_muted}
    changed = {
        field: [getattr(user, field), value] for field, value in new.items() if getattr(user, field) != value
    }
    if changed:
        User.objects.filter(pk=user.pk).update(**new)
        log.append("user.edit", by=by, subject=subject(user), detail=changed)
    return bool(changed)


@transaction.atomic
def disable_user(user: User, *, by: User | None) -> None:
    """From the next request on the person is signed out. Errors: Denied for one's own account."""
    if by is not None and by.pk == user.pk:
        raise Denied("", "Không thể khóa tài khoản của chính mình.")
    if user.is_active:
        user.is_active = False
        user.save(update_fields=["is_active"])
        log.append("user.disable", by=by, subject=subject(user), detail={})


@transaction.atomic
def enable_user(user: User, *, by: User | None) -> None:
    """Let a disabled person sign in again."""
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        log.append("user.enable", by=by, subject=subject(user), detail={})


@transaction.atomic
def add_membership(
    user: User, unit: Unit, role: str, valid_from: date, *, by: User | None, valid_until: date | None = None
) -> Membership:
    """Give a role in a unit and everything below it, both days inclusive. Errors: Denied where the person has it."""
    if valid_until is not None and valid_until < valid_from:
        raise Denied("valid_until", "Ngày hết quyền phải từ ngày bắt đầu trở đi.")
    others = Membership.objects.select_for_update().filter(user=user, unit=unit, role=role)
    for other in others:
        starts_later = valid_until is not None and other.valid_from > valid_until
        if not starts_later and (other.valid_until is None or other.valid_until >= valid_from):
            raise Denied(
                "role", f"Người này đã có vai trò {Role(role).label} ở {unit.name} trong thời gian đó."
            )
    membership = Membership.objects.create(
        user=user, unit=unit, role=role, valid_from=valid_from, valid_until=valid_until
    )
    detail = {
        "unit": unit.pk,
        "unit_code": unit.code,
        "role": str(role),
        "from": valid_from,
        "until": valid_until,
    }
    log.append("membership.add", by=by, subject=subject(user), detail=detail)
    return membership


@transaction.atomic
def end_membership(membership: Membership, on: date, *, by: User | None) -> None:
    """The role ends; `on` is its first day without it. Errors: Denied for the administrator's own administration.

    A role that had not begun by then is taken away altogether: a day of it would be a right never meant.
    """
    if by is not None and membership.user_id == by.pk and membership.role == Role.ADMINISTRATOR:
        raise Denied("", "Không thể tự bỏ vai trò quản trị của mình.")
    detail = {
        "unit": membership.unit_id,
        "role": membership.role,
        "from": membership.valid_from,
        "first_day_without": on,
    }
    if membership.valid_until is not None and membership.valid_until < on:
        raise Denied("", f"Vai trò này đã hết ngày {write_day(membership.valid_until)}.")
    if membership.valid_from >= on:
        membership.delete()
    else:
        membership.valid_until = on - timedelta(1)
        membership.save(update_fields=["valid_until"])
    log.append("membership.end", by=by, subject=subject(membership.user), detail=detail)
