"""Everything that the tables hold about a person, for the person's own request, and the log of giving it out."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Field, Model, Q

from accounts import second_factor, sessions
from accounts.models import Factor, Identity, RecoveryCode, Session, User
from accounts.users import user_subject
from ledger import log
from ledger.models import Entry
from units.activity_log import ACTIONS, LogLine, all_log_lines
from units.models import AccountOrigin, Membership, Token

from .models import Asking, PlanTask, SectionComment

# Names of the answer are Vietnamese: it is handed to the person. No password, code, secret of a second factor
# or key is in it. Columns that name people are found by themselves, so that a table of tomorrow is not
# forgotten.

HOUSE = ("ledger", "accounts", "units", "records", "reports")
# As what a person's name or number stands in a row, by the column's name.
STANDING = {
    "asked_by": "người yêu cầu",
    "changed_by": "người sửa",
    "created_by": "người lập",
    "decided_by": "người quyết định",
    "frozen_by": "người chốt số liệu",
    "given_by": "người đôn đốc",
    "outcome_by": "người ghi kết quả",
    "owner": "người tải lên",
    "requested_by": "người đề nghị",
    "requester": "người đề nghị",
    "resolved_by": "người tiếp thu, giải trình",
    "said_by": "người góp ý",
    "saved_by": "người lưu",
    "sender": "người gửi",
    "sent_by": "người gửi",
    "taken_by": "người tiếp nhận nội dung",
    "uploaded_by": "người tải lên",
    "user": "người được nhắc",
    "writers": "người nhập số liệu",
}
# Acts in whose entries an account's full name stands.
_NAMING = ("user.create", "user.edit")
# Told in words of their own.
_TOLD_APART = (AccountOrigin, Membership, Token, Identity, RecoveryCode, Factor, Session)
# The channel by which a result went back.
_NO_PERSON = ("returned_by",)


def personal_data(user: User, *, at: datetime) -> dict[str, Any]:
    """What the tables hold about a person, as plain data for JSON; times are aware, days are dates.

    Texts of others are not in it. Rows that name people by words are found by every name that the person has had.
    """
    names = names_of(user)
    acts = Entry.objects.filter(actor_id=user.pk).order_by("sequence").iterator(1_000)
    return {
        "Tài khoản": _account(user),
        "Vai trò": list(map(_role, user.memberships.select_related("unit").order_by("valid_from", "pk"))),
        "Xác thực hai bước": _factor(user),
        "Tài khoản đăng nhập một lần": [
            {"Máy chủ": identity.issuer, "Mã định danh": identity.subject}
            for identity in user.identities.order_by("pk")
        ],
        "Phiên đăng nhập": list(map(_stay, sessions.running_sessions_of(user, at=at))),
        "Lần đăng nhập": list(map(_visit, sessions.sign_ins_of(user))),
        "Khóa truy cập đã cấp cho hệ thống khác": [
            {"Tên hệ thống": one.name, "Cấp lúc": one.created_at, "Hết hạn": one.expires_at}
            for one in Token.objects.filter(created_by=user).order_by("pk")
        ],
        "Ý kiến, nội dung đã viết": list(_texts(names)),
        "Tên ghi ở": list(_standings(user, names)),
        "Tên trùng với người khác": _shared(user, names),
        "Nhật ký về người này": list(map(_change, all_log_lines(user_subject(user)))),
        "Việc do người này làm": list(map(_act, acts)),
    }


def names_of(user: User) -> set[str]:
    """The names that rows may hold of a person: the sign-in name, the full name, and full names of before."""
    about = Entry.objects.filter(subject=user_subject(user), action__in=_NAMING)
    said = (_full_names(detail) for detail in about.values_list("detail", flat=True))
    return {user.get_username(), str(user), *chain.from_iterable(said)} - {""}


def _full_names(detail: dict[str, Any]) -> list[str]:
    """The full names, old and new, of a log entry about an account."""
    said = detail.get("full_name", [])
    return [said] if isinstance(said, str) else said


def person_columns() -> Iterator[tuple[type[Model], Field]]:
    """Every column of the house that names a person: by number, or by words (`…_by`)."""
    for model in chain.from_iterable(apps.get_app_config(room).get_models() for room in HOUSE):
        for field in chain(model._meta.fields, model._meta.many_to_many):
            by_number = field.related_model is User
            if by_number or field.name.endswith("_by") and field.name not in _NO_PERSON:
                yield model, field


def _standings(user: User, names: set[str]) -> Iterator[dict[str, Any]]:
    for model, field in person_columns():
        if model in _TOLD_APART:
            continue
        wanted = {field.name: user} if field.related_model is User else {f"{field.name}__in": names}
        found = model._default_manager.filter(**wanted).order_by("pk").values_list("pk", flat=True)
        for number in found.iterator(1_000):
            yield {"Ở": model._meta.verbose_name, "Số": number, "Là": STANDING[field.name]}


def _account(user: User) -> dict[str, Any]:
    return {
        "Tên đăng nhập": user.get_username(),
        "Họ và tên": user.full_name,
        "Chức danh": user.position,
        "Thư điện tử": user.email,
        "Không nhận nhắc việc qua thư điện tử": user.mail_muted,
        "Đang hoạt động": user.is_active,
        "Lập lúc": user.date_joined,
        "Lập ở": _origin(user),
        "Đăng nhập lần cuối": user.last_login,
        "Tự đổi mật khẩu ngày": user.password_changed_on,
        "Phải đổi mật khẩu từ ngày": user.password_due,
        "Mật khẩu được cấp dùng đến": user.password_expires_at,
        "Tên đã từng ghi": sorted(names_of(user)),
    }


def _origin(user: User) -> str | None:
    return AccountOrigin.objects.filter(user=user).values_list("unit__name", flat=True).first()


def _role(one: Membership) -> dict[str, Any]:
    return {
        "Vai trò": one.get_role_display(),
        "Đơn vị": one.unit.name,
        "Mã đơn vị": one.unit.code,
        "Từ ngày": one.valid_from,
        "Đến hết ngày": one.valid_until,
    }


def _stay(one: sessions.RunningSession) -> dict[str, Any]:
    return {
        "Bắt đầu": one.begun,
        "Thao tác lần cuối": one.seen,
        "Hết hạn": one.until,
        "Địa chỉ mạng": one.address,
        "Trình duyệt": one.browser,
    }


def _visit(one: sessions.SignInRecord) -> dict[str, Any]:
    return {
        "Lúc": one.at,
        "Địa chỉ mạng": one.address,
        "Trình duyệt": one.browser,
        "Được vào": one.succeeded,
    }


def _change(one: LogLine) -> dict[str, Any]:
    return {"Lúc": one.at, "Người thực hiện": one.actor, "Việc": one.what, "Chi tiết": one.detail}


def _act(one: Entry) -> dict[str, Any]:
    what = ACTIONS.get(one.action, one.action)
    return {"Số": one.sequence, "Lúc": one.at, "Việc": what, "Về": one.subject}


def _factor(user: User) -> dict[str, Any]:
    codes = RecoveryCode.objects.filter(user=user)
    return {
        "Đã bật": second_factor.device_of(user) is not None,
        "Mã khôi phục chưa dùng": codes.filter(used_at=None).count(),
        "Mã khôi phục đã dùng lúc": list(
            codes.exclude(used_at=None).order_by("used_at").values_list("used_at", flat=True)
        ),
    }


def _texts(names: set[str]) -> Iterator[dict[str, Any]]:
    for one in SectionComment.objects.filter(said_by__in=names).order_by("pk"):
        yield {"Loại": "ý kiến góp ý", "Lúc": one.at, "Về": one.heading, "Nội dung": one.text}
    for one in (
        Asking.objects.filter(Q(saved_by__in=names) | Q(sent_by__in=names)).exclude(body="").order_by("pk")
    ):
        yield {"Loại": "nội dung gửi", "Lúc": one.saved_at, "Về": one.heading, "Nội dung": one.body}
    for one in PlanTask.objects.filter(outcome_by__in=names).order_by("pk"):
        yield {
            "Loại": "kết quả nhiệm vụ",
            "Lúc": one.outcome_at,
            "Về": one.text,
            "Nội dung": one.outcome_note,
        }


def _shared(user: User, names: set[str]) -> list[str]:
    """Names that somebody else has or had too, as far as the log knows: rows found by them may be about that person."""
    others = User.objects.exclude(pk=user.pk).filter(Q(full_name__in=names) | Q(username__in=names))
    before = Entry.objects.filter(action__in=_NAMING).exclude(subject=user_subject(user))
    had = (_full_names(detail) for detail in before.values_list("detail", flat=True).iterator(1_000))
    theirs = {
        *chain.from_iterable(had),
        *chain.from_iterable((other.full_name, other.username) for other in others),
    }
    return sorted(theirs & names)


@transaction.atomic
def export_person(user: User, *, by: User | None, at: datetime) -> dict[str, Any]:
    """Everything that is kept about a person. That it was given out is logged, behind it."""
    found = personal_data(user, at=at)
    log.append("user.export", by=by, subject=user_subject(user), detail={}, at=at)
    return {"Xuất lúc": at, **found}
