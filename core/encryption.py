"""Encrypts small secrets at rest (AES-256-GCM), bound to their owner, with keys outside the database. The first of
settings.FACTOR_KEYS encrypts, all decrypt, so that keys can be rotated.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from django.conf import settings

_MARK = "v1."
_NONCE = 12


class DecryptionError(ValueError):
    """No key decrypts it: other key, other owner, changed text or plain text."""


def encrypt(secret: bytes, about: str) -> str:
    """Text of 43 characters and 4 for each 3 bytes of the secret; `about` names the owner, also for `decrypt`."""
    nonce = secrets.token_bytes(_NONCE)
    sealed = _ciphers()[0].encrypt(nonce, secret, about.encode())
    return _MARK + base64.urlsafe_b64encode(nonce + sealed).decode()


def decrypt(text: str, about: str) -> bytes:
    """The secret. Errors: DecryptionError."""
    from cryptography.exceptions import InvalidTag

    try:
        raw = base64.b64decode(text.removeprefix(_MARK), altchars=b"-_", validate=True)
    except binascii.Error:
        raw = b""
    if text.startswith(_MARK) and len(raw) > _NONCE:
        for cipher in _ciphers():
            try:
                return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], about.encode())
            except InvalidTag:
                continue
    raise DecryptionError(about)


def _ciphers() -> list:
    # Imported late: it takes 8 MB of each worker.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    keys = (hmac.digest(key.encode(), b"cchc factor", hashlib.sha256) for key in settings.FACTOR_KEYS)
    return [AESGCM(key) for key in keys]
