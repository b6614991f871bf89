"""Forms that change, reset or set a password."""

from django import forms
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.http import HttpRequest

from accounts.models import User
from accounts.safety.queries import current_safety
from core.web.forms import REQUIRED, EmailAddressField

from .password_confirmation import WRONG_PASSWORD, is_own_password


def password_help() -> str:
    """What a new password must be, as the rules of safety are now."""
    rules = current_safety()
    kinds = " Phải có chữ hoa, chữ thường, chữ số và dấu." if rules.password_kinds else ""
    return (
        f"Ít nhất {rules.password_length} ký tự; dùng được khoảng trắng và chữ có dấu.{kinds} "
        "Không dùng mật khẩu phổ biến, tên đăng nhập hoặc tên đơn vị."
    )


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
        if not is_own_password(self.request, self.cleaned_data["old_password"]):
            raise forms.ValidationError(WRONG_PASSWORD)
        return self.cleaned_data["old_password"]

    def clean_new_password1(self) -> str:
        """An issued password is for one use: choosing it again would keep what somebody else has seen."""
        password = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            self.add_error("new_password1", "Mật khẩu mới phải khác mật khẩu hiện nay.")
        return password


class ResetForm(forms.Form):
    email = EmailAddressField(help_text="Địa chỉ mà quản trị viên đã ghi cho tài khoản của bạn.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].required = True
        self.fields["email"].error_messages["required"] = REQUIRED


class NewPasswordForm(SetPasswordForm):
    """A password of the person's own choice, twice."""

    error_messages = {"password_mismatch": "Hai lần nhập mật khẩu mới chưa giống nhau."}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = "Mật khẩu mới"
        self.fields["new_password1"].help_text = password_help()
        self.fields["new_password2"].label = "Nhập lại mật khẩu mới"
        self.fields["new_password2"].help_text = "Giống hệt dòng trên."
        for field in self.fields.values():
            field.error_messages["required"] = REQUIRED
