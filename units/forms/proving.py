"""The password once more, where an open session alone is not enough."""

from django import forms

from units.models import User

from .fields import REQUIRED


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

    def __init__(self, user: User, *args, asked: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        if not asked:
            del self.fields["password"]

    def clean_password(self) -> str:
        if not self.user.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError("Mật khẩu hiện nay chưa đúng. Hãy nhập lại.")
        return self.cleaned_data["password"]
