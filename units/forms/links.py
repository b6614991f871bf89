"""Asking for a link by e-mail, and the password that it lets set."""

from django import forms
from django.contrib.auth.forms import SetPasswordForm

from .accounts import password_help
from .fields import REQUIRED
from .people import AddressField


class ResetForm(forms.Form):
    email = AddressField(help_text="Địa chỉ mà quản trị viên đã ghi cho tài khoản của bạn.")

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
