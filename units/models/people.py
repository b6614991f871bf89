"""People and their memberships."""

from datetime import date
from typing import Self

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac

from .tree import Unit


class Role(models.TextChoices):
    VIEWER = "viewer", "Xem"
    CLERK = "clerk", "Nhập số liệu"
    REVIEWER = "reviewer", "Duyệt số liệu"
    EDITOR = "editor", "Tổng hợp báo cáo"
    LEADER = "leader", "Lãnh đạo"
    ADMINISTRATOR = "administrator", "Quản trị"


class User(AbstractUser):
    """A person who signs in. Rights come only from memberships."""

    first_name = None
    last_name = None
    full_name = models.CharField("họ và tên", max_length=150, blank=True)
    position = models.CharField("chức danh", max_length=150, blank=True)
    must_change_password = models.BooleanField(default=False)
    password_expires_at = models.DateTimeField(null=True, blank=True)
    password_changed_on = models.DateField(null=True, editable=False)
    # From this day on it has to be changed (units.safety); null: never.
    password_due = models.DateField(null=True, editable=False)
    mail_muted = models.BooleanField("không nhận nhắc việc qua thư điện tử", default=False)
    demo = models.BooleanField(default=False, editable=False)
    # Counted up, it ends every session of the person.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)

    REQUIRED_FIELDS: list[str] = []

    class Meta:
        verbose_name = "người dùng"
        ordering = ["username"]

    def __str__(self) -> str:
        return self.full_name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session carries to stay valid: Django's hash of the password, and how often sessions were ended."""
        value = f"{self.password}:{self.session_epoch}" if self.session_epoch else self.password
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()


class AccountOrigin(models.Model):
    """The unit that an account was made in: its administrators manage the account until it has a role. An account
    without one is managed from the top of the tree.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="origin")
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="+", db_index=False)

    class Meta:
        verbose_name = "nơi lập tài khoản"


class MembershipQuerySet(models.QuerySet):
    def valid_on(self, day: date) -> Self:
        return self.filter(Q(valid_until=None) | Q(valid_until__gte=day), valid_from__lte=day)


class Membership(models.Model):
    """A user's role in a unit; it holds for the unit's whole subtree (what the role may: units.access)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="memberships")
    role = models.CharField("vai trò", max_length=16, choices=Role)
    valid_from = models.DateField("từ ngày")
    valid_until = models.DateField("đến hết ngày", null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = "phân quyền"
        constraints = [
            models.UniqueConstraint(
                name="membership_once",
                fields=["user", "unit", "role"],
                condition=Q(valid_until=None),
                violation_error_message="Người này đã có vai trò đó ở đơn vị.",
            ),
            models.CheckConstraint(
                name="membership_dates_in_order",
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                violation_error_message="Ngày hết quyền phải từ ngày bắt đầu trở đi.",
            ),
        ]
