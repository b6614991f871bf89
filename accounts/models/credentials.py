"""Recovery codes, and identities of the single sign-on server that open an account."""

from django.conf import settings
from django.db import models


class RecoveryCode(models.Model):
    """Opens the account once in place of a code of the second factor. Only its SHA-256 is kept: it is drawn from 31^24
    codes, so that nobody can try them all.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes")
    code_sha256 = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "mã khôi phục"
        constraints = [models.UniqueConstraint(name="recovery_code_once", fields=["user", "code_sha256"])]


class Identity(models.Model):
    """Whom another server (OpenID Connect) calls `subject`: linked by an administrator, never by an e-mail address,
    which goes from hand to hand.
    """

    LONGEST = 255

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="identities")
    issuer = models.CharField("máy chủ đăng nhập", max_length=LONGEST)
    subject = models.CharField("mã định danh", max_length=LONGEST)

    class Meta:
        verbose_name = "tài khoản đăng nhập một lần"
        constraints = [
            models.UniqueConstraint(
                name="identity_once",
                fields=["issuer", "subject"],
                violation_error_message="Mã định danh này đã gắn với một người dùng.",
            )
        ]
