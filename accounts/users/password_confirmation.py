"""Checks a password, one attempt at a time for a name at an address across threads, workers and hosts
(acceptance S8). The form asks for it again where an open session alone is not enough.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.contrib.auth import authenticate
from django.db import connection, transaction
from django.http import HttpRequest

from core import network
from core.locks import open_lock_file
from core.web.forms import REQUIRED

_LANES = 64


@contextmanager
def one_attempt_at_a_time(username: str, address: str) -> Iterator[None]:
    """Hold the place of this name and address until the answer is known and counted."""
    key = int.from_bytes(
        hashlib.sha256(f"{username}\0{address}".encode("utf-8", "replace")).digest()[:4], "big"
    )
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                # Two keys make a space of their own, apart from the single-key locks of the log and the tree.
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [1, key - 2**31])
            yield
        return
    with open_lock_file(f"locks/signin-{key % _LANES}") as lane:
        fcntl.flock(lane, fcntl.LOCK_EX)
        yield


WRONG_PASSWORD = "Mật khẩu hiện nay chưa đúng. Hãy nhập lại."


def is_own_password(request: HttpRequest, password: str) -> bool:
    """Whether it is the reader's password. A wrong one counts as at signing in: after so many, the name is locked at
    that address (django-axes then answers 429), so that an open session is no place to guess from.
    """
    name = request.user.get_username()
    with one_attempt_at_a_time(name, network.client_origin(request) or ""):
        found = authenticate(request, username=name, password=password)
    return found is not None and found.pk == request.user.pk


class PasswordConfirmationForm(forms.Form):
    """Asks for the password in use: who found an open session must not take the account with it. Who came by single
    sign-on may have no password, and is not `asked`.
    """

    password = forms.CharField(
        label="Mật khẩu hiện nay",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": REQUIRED},
    )

    def __init__(self, request: HttpRequest, *args, asked: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request
        if not asked:
            del self.fields["password"]

    def clean_password(self) -> str:
        if not is_own_password(self.request, self.cleaned_data["password"]):
            raise forms.ValidationError(WRONG_PASSWORD)
        return self.cleaned_data["password"]
