"""Roles of users in units."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q

from accounts.models import User

from .tree import Unit


class Role(models.TextChoices):
    VIEWER = "viewer", "Xem"
    CLERK = "clerk", "Nhập số liệu"
    REVIEWER = "reviewer", "Duyệt số liệu"
    EDITOR = "editor", "Tổng hợp báo cáo"
    LEADER = "leader", "Lãnh đạo"
    ADMINISTRATOR = "administrator", "Quản trị"


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
    """A user's role in a unit; it holds for the unit's whole subtree (what the role may: units.access.queries)."""

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
