"""The rows of accounts: users, what they prove themselves with, sessions, safety rules.

The only module that imports django-otp, which keeps in the database, for all workers, which code was used
last and how long to wait after wrong ones.
"""

import hashlib
import logging
import secrets
from importlib import import_module

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.encryption import DecryptionError, decrypt, encrypt


class User(AbstractUser):
    """A person who signs in. Rights come only from memberships."""

    first_name = None
    last_name = None
    full_name = models.CharField("họ và tên", max_length=150, blank=True)
    position = models.CharField("chức danh", max_length=150, blank=True)
    must_change_password = models.BooleanField(default=False)
    password_expires_at = models.DateTimeField(null=True, blank=True)
    password_changed_on = models.DateField(null=True, editable=False)
    # From this day on it has to be changed (accounts.safety_rules); null: never.
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


_log = logging.getLogger(__name__)
_BYTES = 20


class Factor(TOTPDevice):
    """TOTP (RFC 6238) as django-otp checks it, whose secret lies sealed in the table, bound to its person."""

    class Meta:
        proxy = True
        verbose_name = "xác thực hai bước"

    @classmethod
    def fresh_key(cls, user: int) -> str:
        """A new secret of the person with that number, as it is stored."""
        return encrypt(secrets.token_bytes(_BYTES), _about(user))

    @property
    def bin_key(self) -> bytes:
        """The secret. Errors: Unreadable."""
        return decrypt(self.key, _about(self.user_id))

    def reseal(self) -> None:
        """Put it under the first key, in memory. Errors: Unreadable."""
        self.key = encrypt(self.bin_key, _about(self.user_id))

    def verify_token(self, token: str) -> bool:
        """Whether it is the code of the moment; none is where the key of the installation is another one."""
        try:
            return super().verify_token(token)
        except DecryptionError:
            _log.error("Second factor of person %s: no key of CCHC_FACTOR_KEYS opens it.", self.user_id)
            return False


def _about(user: int) -> str:
    return f"factor {user}"


class Session(AbstractBaseSession):
    """A browser's session, in the shape that Django gives, and whose it is: None before somebody signed in.

    `session_key` is a digest of what the browser holds (`kept_as`): who reads the table can open no session.
    """

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")

    class Meta:
        verbose_name = "phiên đăng nhập"

    @classmethod
    def get_session_store_class(cls):
        """Django asks this to read what a session holds."""
        return import_module(settings.SESSION_ENGINE).SessionStore


def hashed_session_key(key: str) -> str:
    """What stands in the table for the key in a browser's cookie: 160 bits of SHA-256 over its 165 random ones."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


LEAST_IDLE, MOST_IDLE = 5, 480
LEAST_LENGTH, MOST_LENGTH = 12, 64
LEAST_DAYS, MOST_DAYS = 30, 730


class SafetyRules(models.Model):
    """At most one row; without it the environment's settings hold."""

    idle_minutes = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(LEAST_IDLE), MaxValueValidator(MOST_IDLE)]
    )
    password_length = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(LEAST_LENGTH), MaxValueValidator(MOST_LENGTH)]
    )
    password_kinds = models.BooleanField(default=False)
    # Days after which a password has to be changed; 0: never.
    password_days = models.PositiveSmallIntegerField(default=0)
    # Networks in CIDR, one a line; empty: from anywhere.
    addresses = models.TextField(blank=True)

    class Meta:
        verbose_name = "quy định an toàn"
        constraints = [models.CheckConstraint(name="safety_rules_once", condition=models.Q(pk=1))]
