"""What a person proves to be themselves with, beside the password (whose second factor is django-otp's TOTPDevice)."""

from django.db import models


class RecoveryCode(models.Model):
    """Opens the account once in place of a code of the second factor. Only its SHA-256 is kept: it is drawn from 31^16
    codes, so that nobody can try them all.
    """

    user = models.ForeignKey("units.User", models.CASCADE, related_name="recovery_codes")
    code_sha256 = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "mã khôi phục"
        constraints = [models.UniqueConstraint(name="recovery_code_once", fields=["user", "code_sha256"])]
