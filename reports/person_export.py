"""Everything stored about a person, for the person's own request; used by the command export_person."""

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

# Keys are Vietnamese: the file is for the person. It has no passwords, codes, second-factor secrets or tokens.

APPS = ("ledger", "accounts", "units", "records", "reports")
# The person's part in a row, by the name of the column.
APPEARANCES = {
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
# Log actions whose details have an account's full name.
_NAMING = ("user.create", "user.edit")
# Models with a part of their own in the export.
_LISTED_SEPARATELY = (AccountOrigin, Membership, Token, Identity, RecoveryCode, Factor, Session)
# The channel by which a result was returned.
_NO_PERSON = ("returned_by",)


def personal_data(user: User, *, at: datetime) -> dict[str, Any]:
    """What is stored about a person, as plain data for JSON; times are aware, days are dates.

    It has no texts of others. Rows with names instead of ids are searched by every name that the person has had.
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
        "Phiên đăng nhập": list(map(_session, sessions.running_sessions_of(user, at=at))),
        "Lần đăng nhập": list(map(_sign_in, sessions.sign_ins_of(user))),
        "Khóa truy cập đã cấp cho hệ thống khác": [
            {"Tên hệ thống": token.name, "Cấp lúc": token.created_at, "Hết hạn": token.expires_at}
            for token in Token.objects.filter(created_by=user).order_by("pk")
        ],
        "Ý kiến, nội dung đã viết": list(_texts(names)),
        "Tên ghi ở": list(_appearances(user, names)),
        "Tên trùng với người khác": _shared(user, names),
        "Nhật ký về người này": list(map(_log_line, all_log_lines(user_subject(user)))),
        "Việc do người này làm": list(map(_log_entry, acts)),
    }


def names_of(user: User) -> set[str]:
    """The names of a person in rows: the sign-in name, and the present and former full names."""
    about = Entry.objects.filter(subject=user_subject(user), action__in=_NAMING)
    full_names = (_full_names(detail) for detail in about.values_list("detail", flat=True))
    return {user.get_username(), str(user), *chain.from_iterable(full_names)} - {""}


def _full_names(detail: dict[str, Any]) -> list[str]:
    """The full names, old and new, in a log entry's detail."""
    names = detail.get("full_name", [])
    return [names] if isinstance(names, str) else names


def person_columns() -> Iterator[tuple[type[Model], Field]]:
    """Every column that names a person: a key to User, or a name (`…_by`). Found by introspection, so that new tables
    are not forgotten.
    """
    for model in chain.from_iterable(apps.get_app_config(label).get_models() for label in APPS):
        for field in chain(model._meta.fields, model._meta.many_to_many):
            is_key = field.related_model is User
            if is_key or field.name.endswith("_by") and field.name not in _NO_PERSON:
                yield model, field


def _appearances(user: User, names: set[str]) -> Iterator[dict[str, Any]]:
    for model, field in person_columns():
        if model in _LISTED_SEPARATELY:
            continue
        filters = {field.name: user} if field.related_model is User else {f"{field.name}__in": names}
        ids = model._default_manager.filter(**filters).order_by("pk").values_list("pk", flat=True)
        for row_id in ids.iterator(1_000):
            yield {"Ở": model._meta.verbose_name, "Số": row_id, "Là": APPEARANCES[field.name]}


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


def _role(membership: Membership) -> dict[str, Any]:
    return {
        "Vai trò": membership.get_role_display(),
        "Đơn vị": membership.unit.name,
        "Mã đơn vị": membership.unit.code,
        "Từ ngày": membership.valid_from,
        "Đến hết ngày": membership.valid_until,
    }


def _session(session: sessions.RunningSession) -> dict[str, Any]:
    return {
        "Bắt đầu": session.begun,
        "Thao tác lần cuối": session.seen,
        "Hết hạn": session.until,
        "Địa chỉ mạng": session.address,
        "Trình duyệt": session.browser,
    }


def _sign_in(sign_in: sessions.SignInRecord) -> dict[str, Any]:
    return {
        "Lúc": sign_in.at,
        "Địa chỉ mạng": sign_in.address,
        "Trình duyệt": sign_in.browser,
        "Được vào": sign_in.succeeded,
    }


def _log_line(line: LogLine) -> dict[str, Any]:
    return {"Lúc": line.at, "Người thực hiện": line.actor, "Việc": line.what, "Chi tiết": line.detail}


def _log_entry(entry: Entry) -> dict[str, Any]:
    what = ACTIONS.get(entry.action, entry.action)
    return {"Số": entry.sequence, "Lúc": entry.at, "Việc": what, "Về": entry.subject}


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
    for row in SectionComment.objects.filter(said_by__in=names).order_by("pk"):
        yield {"Loại": "ý kiến góp ý", "Lúc": row.at, "Về": row.heading, "Nội dung": row.text}
    for row in (
        Asking.objects.filter(Q(saved_by__in=names) | Q(sent_by__in=names)).exclude(body="").order_by("pk")
    ):
        yield {"Loại": "nội dung gửi", "Lúc": row.saved_at, "Về": row.heading, "Nội dung": row.body}
    for row in PlanTask.objects.filter(outcome_by__in=names).order_by("pk"):
        yield {
            "Loại": "kết quả nhiệm vụ",
            "Lúc": row.outcome_at,
            "Về": row.text,
            "Nội dung": row.outcome_note,
        }


def _shared(user: User, names: set[str]) -> list[str]:
    """The names that somebody else has or had too, according to the log: rows with them may be about that person."""
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
    """Everything stored about a person; the export is logged."""
    data = personal_data(user, at=at)
    log.append("user.export", by=by, subject=user_subject(user), detail={}, at=at)
    return {"Xuất lúc": at, **data}
