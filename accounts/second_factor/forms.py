"""Codes of the second factor."""

from django import forms

from accounts.users.password_confirmation import PasswordConfirmationForm
from core.web.forms import CleanTextField


class FactorCodeField(CleanTextField):
    """A code of the app, or a recovery code; spaces do not matter."""

    def __init__(self, **options):
        super().__init__(max_length=40, **options)
        self.widget.attrs |= {
            "autocomplete": "one-time-code",
            "autocapitalize": "none",
            "spellcheck": "false",
        }

    def to_python(self, value) -> str:
        return super().to_python(value).replace(" ", "")


class FactorCodeForm(forms.Form):
    """The second step of signing in, and what changes the second factor."""

    code = FactorCodeField(label="Mã xác thực", help_text="6 chữ số trong ứng dụng, hoặc một mã khôi phục.")


class ConfirmFactorForm(PasswordConfirmationForm):
    """The first code of a new app, and the password: who found an open session must not set up an app of theirs."""

    code = FactorCodeField(label="Mã xác thực", help_text="6 chữ số mà ứng dụng đang hiện.")
    field_order = ["code", "password"]
