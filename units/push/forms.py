"""The form of a new receiver."""

from django import forms

from core.web.forms import CleanTextField

from . import delivery


class ReceiverForm(forms.Form):
    """Name, unit, and the address that is told."""

    name = CleanTextField(label="Tên hệ thống", max_length=100, help_text="Ví dụ: Hệ thống báo cáo của tỉnh.")
    unit = CleanTextField(
        label="Mã đơn vị",
        max_length=64,
        help_text="Báo cáo tháng được duyệt của đơn vị và mọi đơn vị bên dưới được gửi đi.",
    )
    url = CleanTextField(
        label="Địa chỉ nhận", max_length=delivery.LONGEST_URL, help_text="Bắt đầu bằng https://."
    )

    def clean_url(self) -> str:
        try:
            return delivery.checked_address(self.cleaned_data["url"])
        except delivery.BadPushAddress as bad:
            raise forms.ValidationError(str(bad), code="bad_address") from bad
