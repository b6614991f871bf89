"""Forms of people, their roles, and one's own account."""

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.http import HttpRequest

from accounts.models import Identity
from accounts.passwords import PasswordConfirmationForm, is_own_password
from core import mail_server
from core.forms import CleanTextField, DayField, EmailAddressField, ListChoiceField
from units.models import Role


class PersonForm(forms.Form):
    full_name = CleanTextField(label="Họ và tên", max_length=150)
    position = CleanTextField(label="Chức danh", max_length=150, required=False)
    email = EmailAddressField()


class NewPersonForm(PersonForm):
    username = CleanTextField(
        label="Tên đăng nhập",
        max_length=150,
        validators=[
            UnicodeUsernameValidator(
                message="Tên đăng nhập chỉ gồm chữ, số và các dấu @ . + - _, không có dấu cách."
            )
        ],
    )
    invite = forms.BooleanField(
        label="Gửi thư mời đặt mật khẩu",
        required=False,
        help_text="Thay cho mật khẩu được cấp: người dùng tự đặt mật khẩu bằng địa chỉ trong thư.",
    )
    field_order = ["username", "full_name", "position", "email", "invite"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not mail_server.is_configured():
            self.fields["invite"].help_text = mail_server.NOT_CONFIGURED
            self.fields["invite"].widget.attrs["disabled"] = True

    def clean(self) -> dict:
        if self.cleaned_data.get("invite") and self.cleaned_data.get("email") == "":
            self.add_error("email", "Ghi địa chỉ để gửi thư mời.")
        if self.cleaned_data.get("invite") and not mail_server.is_configured():
            self.add_error("invite", f"{mail_server.NOT_CONFIGURED} Bỏ chọn để được cấp mật khẩu.")
        return self.cleaned_data


class IdentityForm(PasswordConfirmationForm):
    """`password_required`: for one's own account, since the linked identity can sign in to it."""

    subject = CleanTextField(
        label="Mã định danh",
        max_length=Identity.LONGEST,
        help_text="Mã mà máy chủ đăng nhập gọi người này; trang đăng nhập hiện mã khi tài khoản chưa được gắn.",
    )
    field_order = ["subject", "password"]


class TransferForm(forms.Form):
    unit = CleanTextField(
        label="Mã đơn vị đến", max_length=64, help_text="Người này giữ các vai trò như cũ, ở đơn vị mới."
    )
    on = DayField(label="Từ ngày")


class RoleForm(forms.Form):
    role = ListChoiceField(label="Vai trò", choices=Role.choices)
    unit = CleanTextField(
        label="Mã đơn vị", max_length=64, help_text="Vai trò có hiệu lực cho đơn vị và mọi đơn vị bên dưới."
    )
    valid_from = DayField(label="Từ ngày")
    valid_until = DayField(label="Đến hết ngày", required=False)


class AccountForm(forms.Form):
    """The reader's e-mail address and reminders. A new one requires the password, since it can reset the password."""

    email = EmailAddressField(
        help_text="Nơi nhận nhắc việc. Để trống thì lời nhắc chỉ hiện trong Việc của tôi."
    )
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
        if moved and not is_own_password(self.request, data.get("password", "")):
            self.add_error("password", "Đổi địa chỉ thư điện tử thì phải nhập đúng mật khẩu hiện nay.")
        return data
