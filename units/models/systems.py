"""Other systems: the keys that they come with (tokens), and who acts while one does."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class TokenScope(models.TextChoices):
    """What a token is good for, within its unit's subtree."""

    FIGURES = "figures", "Xem số liệu tổng hợp, đơn vị, kỳ báo cáo, danh mục"
    SUBMISSIONS = "submissions", "Xem báo cáo tháng"
    REVIEWS = "reviews", "Xem báo cáo sơ kết, tổng kết"
    WRITE = "write", "Nhập và gửi báo cáo tháng"


class TokenQuerySet(models.QuerySet):
    def valid_at(self, at: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=at)


class Token(models.Model):
    """A system's key to the API, for a unit and everything below it. Of the secret only its SHA-256 is kept.

    `scopes` are separated by spaces. Who made and revoked it stands in the log ("token:7"). Its maker answers for what
    it enters: nobody approves by one name what they sent by another. None for tokens from before that was kept.
    """

    name = models.CharField("tên hệ thống", max_length=100)
    unit = models.ForeignKey("units.Unit", models.PROTECT, related_name="tokens")
    scopes = models.CharField("được làm", max_length=100)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField("cấp lúc")
    expires_at = models.DateTimeField("hết hạn")
    revoked_at = models.DateTimeField("thu hồi lúc", null=True)
    last_used_at = models.DateTimeField("dùng lần cuối", null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = "khóa truy cập"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="token_expires_later",
                condition=Q(expires_at__gt=F("created_at")),
                violation_error_message="Khóa truy cập phải hết hạn sau khi được cấp.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def granted(self) -> frozenset[str]:
        """The scopes as a set."""
        return frozenset(self.scopes.split())

    def is_valid(self, at: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > at


class System:
    """Another system that acts by a token: stands as `request.user` and in `by=` where a person would.

    It has no number among people; its name holds a space and brackets, which no sign-in name can.
    """

    pk = None
    is_authenticated = is_active = True
    is_anonymous = must_change_password = False

    def __init__(self, token: Token) -> None:
        self.token = token

    def get_username(self) -> str:
        return f"{self.token.name} (API)"

    def __str__(self) -> str:
        return self.get_username()


class Receiver(models.Model):
    """A higher system that is told when months of a unit and everything below it are approved.

    The secret that it checks signatures with is derived from `nonce` (units.push.delivery), and kept nowhere.
    """

    name = models.CharField("tên hệ thống", max_length=100)
    unit = models.ForeignKey("units.Unit", models.PROTECT, related_name="receivers")
    url = models.CharField("địa chỉ", max_length=300)
    nonce = models.CharField(max_length=64)
    created_at = models.DateTimeField("ghi lúc")
    stopped_at = models.DateTimeField("ngừng lúc", null=True)

    class Meta:
        verbose_name = "nơi nhận số liệu"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
