"""The password once more, where an open session alone is not enough."""

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest

from units import pace
from units.throttle import in_line

from .fields import REQUIRED

WRONG = "Mật khẩu hiện nay chưa đúng. Hãy nhập lại."


def proves(request: HttpRequest, password: str) -> bool:
    """Whether it is the reader's password. A wrong one counts as at signing in: after so many, the name is locked at
    that address (django-axes then answers 429), so that an open session is no place to guess from.
    """
    name = request.user.get_username()
    with in_line(name, pace.origin_of(request) or ""):
        found = authenticate(request, username=name, password=password)
    return found is not None and found.pk == request.user.pk


class ProvingForm(forms.Form):
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
        if not proves(self.request, self.cleaned_data["password"]):
            raise forms.ValidationError(WRONG)
        return self.cleaned_data["password"]
