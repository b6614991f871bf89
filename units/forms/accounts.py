"""Sign-in and the change of one's own password."""

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest

from units import pace, safety
from units.models import User
from units.throttle import in_line

from .fields import REQUIRED
from .people import AddressField
from .proving import WRONG, proves


def password_help() -> str:
    """What a new password must be, as the rules of safety are now."""
    rules = safety.current()
    kinds = " Phải có chữ hoa, chữ thường, chữ số và dấu." if rules.password_kinds else ""
    return (
        f"Ít nhất {rules.password_length} ký tự; dùng được khoảng trắng và chữ có dấu.{kinds} "
        "Không dùng mật khẩu phổ biến, tên đăng nhập hoặc tên đơn vị."
    )


_SAME = "Tên đăng nhập hoặc mật khẩu chưa đúng."


class SignInForm(AuthenticationForm):
    """Says the same for a wrong name, a wrong password and a disabled account."""

    error_messages = {"invalid_login": _SAME, "inactive": _SAME}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Django only tells the browser: a longer name would be kept in the record of attempts, or break it.
        longest = User._meta.get_field("username").max_length
        self.fields["username"].validators.append(MaxLengthValidator(longest, _SAME))
        for field in self.fields.values():
            field.error_messages["required"] = REQUIRED

    def clean(self) -> dict:
        """In place of Django's own: one at a time for the name as it is looked up, however it was spelled. What is
        refused is so behind the line, which on PostgreSQL is a transaction that keeps the count of failures.
        """
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name and password:
            with in_line(name, pace.origin_of(self.request) or ""):
                self.user_cache = authenticate(self.request, username=name, password=password)
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


class OwnPasswordForm(PasswordChangeForm):
    """The password in use, and the new one twice."""

    error_messages = {
        "password_mismatch": "Hai lần nhập mật khẩu mới chưa giống nhau.",
    }

    def __init__(self, user: User, *args, request: HttpRequest, **kwargs):
        super().__init__(user, *args, **kwargs)
        self.request = request
        self.fields["old_password"].label = "Mật khẩu hiện nay"
        self.fields["new_password1"].label = "Mật khẩu mới"
        self.fields["new_password2"].label = "Nhập lại mật khẩu mới"
        for field in self.fields.values():
            field.error_messages["required"] = REQUIRED

    @property
    def password_help(self) -> str:
        """What a new password must be, as the rules are now."""
        return password_help()

    def clean_old_password(self) -> str:
        """In place of Django's own, which lets it be guessed."""
        if not proves(self.request, self.cleaned_data["old_password"]):
            raise forms.ValidationError(WRONG)
        return self.cleaned_data["old_password"]

    def clean_new_password1(self) -> str:
        """An issued password is for one use: choosing it again would keep what somebody else has seen."""
        password = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            self.add_error("new_password1", "Mật khẩu mới phải khác mật khẩu hiện nay.")
        return password


class AccountForm(forms.Form):
    """The own address and whether it is reminded; another address asks for the password, since it opens the account
    to whoever reads there.
    """

    email = AddressField(help_text="Nơi nhận nhắc việc. Để trống thì lời nhắc chỉ hiện trong Việc của tôi.")
    mail_muted = forms.BooleanField(
        label="Không nhận nhắc việc qua thư điện tử",
        required=False,
        help_text="Lời nhắc vẫn hiện trong Việc của tôi.",
    )
    password = forms.CharField(
        label="Mật khẩu hiện nay",
        required=False,
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="Chỉ cần khi đổi địa chỉ thư điện tử.",
    )

    def __init__(self, request: HttpRequest, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request

    def clean(self) -> dict:
        data = self.cleaned_data
        moved = "email" in data and data["email"] != self.request.user.email
        if moved and not proves(self.request, data.get("password", "")):
            self.add_error("password", "Đổi địa chỉ thư điện tử thì phải nhập đúng mật khẩu hiện nay.")
        return data
