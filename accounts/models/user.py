"""A person who signs in."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac


class User(AbstractUser):
    """A person who signs in. Rights come only from memberships."""

    first_name = None
    last_name = None
    full_name = models.CharField("họ và tên", max_length=150, blank=True)
    position = models.CharField("chức danh", max_length=150, blank=True)
    must_change_password = models.BooleanField(default=False)
    password_expires_at = models.DateTimeField(null=True, blank=True)
    password_changed_on = models.DateField(null=True, editable=False)
    # From this day on it has to be changed (accounts.safety.queries); null: never.
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
