"""The form of a new token."""

from django import forms
from django.conf import settings

from core.web.forms import REQUIRED, CleanTextField
from units.models import TokenScope

SCOPES_REQUIRED = "Chọn ít nhất một việc."


class TokenForm(forms.Form):
    """Name, unit, what it is good for, and for how many days (at most settings.TOKEN_DAYS)."""

    name = CleanTextField(label="Tên hệ thống", max_length=100, help_text="Ví dụ: Hệ thống một cửa huyện.")
    unit = CleanTextField(
        label="Mã đơn vị", max_length=64, help_text="Khóa có hiệu lực cho đơn vị và mọi đơn vị bên dưới."
    )
    scopes = forms.MultipleChoiceField(
        label="Được làm",
        choices=TokenScope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": SCOPES_REQUIRED, "invalid_choice": "Hãy chọn trong danh sách."},
    )

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        most = settings.TOKEN_DAYS
        wrong = f"Ghi số ngày từ 1 đến {most}."
        self.fields["days"] = forms.IntegerField(
            label="Số ngày dùng được",
            min_value=1,
            max_value=most,
            initial=most,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 4}),
            help_text=f"Nhiều nhất {most} ngày; hết hạn thì cấp khóa mới.",
            error_messages={"required": REQUIRED, "invalid": wrong, "min_value": wrong, "max_value": wrong},
        )
