"""Sessions of browsers."""

import hashlib
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from .user import User


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
