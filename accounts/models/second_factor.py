"""The authenticator app of a user.

The only module that imports django-otp, which keeps in the database, for all workers, which code was used
last and how long to wait after wrong ones.
"""

import logging
import secrets

from django_otp.plugins.otp_totp.models import TOTPDevice

from core.encryption import DecryptionError, decrypt, encrypt

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
