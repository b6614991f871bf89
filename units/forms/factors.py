"""Codes of the second factor."""

from django import forms

from units.models import User

from .fields import REQUIRED, WordsField


class CodeField(WordsField):
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


class CodeForm(forms.Form):
    """The second step of signing in, and what changes the second factor."""

    code = CodeField(label="Mã xác thực", help_text="6 chữ số trong ứng dụng, hoặc một mã khôi phục.")


class ConfirmForm(forms.Form):
    """The first code of a new app, and the password: who found an open session must not set up an app of theirs. Who
    came by single sign-on may have no password, and is not `asked`.
    """

    code = CodeField(label="Mã xác thực", help_text="6 chữ số mà ứng dụng đang hiện.")
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
