"""People and their roles."""

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from units import mailing
from units.models import Identity, Role

from .fields import ChosenField, DayField, WordsField
from .proving import ProvingForm


class AddressField(forms.EmailField):
    """An e-mail address, or none."""

    default_error_messages = {"invalid": "Địa chỉ thư điện tử chưa đúng, ví dụ: ten@hanam.gov.vn."}

    def __init__(self, **options):
        super().__init__(label="Thư điện tử", required=False, max_length=254, **options)


class PersonForm(forms.Form):
    full_name = WordsField(label="Họ và tên", max_length=150)
    position = WordsField(label="Chức danh", max_length=150, required=False)
    email = AddressField()


class NewPersonForm(PersonForm):
    username = WordsField(
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

    def __init__(self, *given, **more) -> None:
        super().__init__(*given, **more)
        if not mailing.is_set_up():
            self.fields["invite"].help_text = mailing.NO_SERVER
            self.fields["invite"].widget.attrs["disabled"] = True

    def clean(self) -> dict:
        if self.cleaned_data.get("invite") and self.cleaned_data.get("email") == "":
            self.add_error("email", "Ghi địa chỉ để gửi thư mời.")
        if self.cleaned_data.get("invite") and not mailing.is_set_up():
            self.add_error("invite", f"{mailing.NO_SERVER} Bỏ chọn để được cấp mật khẩu.")
        return self.cleaned_data


class IdentityForm(ProvingForm):
    """`asked` for one's own account: what is linked opens it from then on."""

    subject = WordsField(
        label="Mã định danh",
        max_length=Identity.LONGEST,
        help_text="Mã mà máy chủ đăng nhập gọi người này; trang đăng nhập hiện mã khi tài khoản chưa được gắn.",
    )
    field_order = ["subject", "password"]


class TransferForm(forms.Form):
    unit = WordsField(
        label="Mã đơn vị đến", max_length=64, help_text="Người này giữ các vai trò như cũ, ở đơn vị mới."
    )
    on = DayField(label="Từ ngày")


class RoleForm(forms.Form):
    role = ChosenField(label="Vai trò", choices=Role.choices)
    unit = WordsField(
        label="Mã đơn vị", max_length=64, help_text="Vai trò có hiệu lực cho đơn vị và mọi đơn vị bên dưới."
    )
    valid_from = DayField(label="Từ ngày")
    valid_until = DayField(label="Đến hết ngày", required=False)
