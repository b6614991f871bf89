"""Higher systems that approved figures are pushed to."""

from django import forms

from units import push

from .fields import WordsField


class ReceiverForm(forms.Form):
    """Name, unit, and the address that is told."""

    name = WordsField(label="Tên hệ thống", max_length=100, help_text="Ví dụ: Hệ thống báo cáo của tỉnh.")
    unit = WordsField(
        label="Mã đơn vị",
        max_length=64,
        help_text="Báo cáo tháng được duyệt của đơn vị và mọi đơn vị bên dưới được gửi đi.",
    )
    url = WordsField(label="Địa chỉ nhận", max_length=push.LONGEST_URL, help_text="Bắt đầu bằng https://.")

    def clean_url(self) -> str:
        try:
            return push.checked(self.cleaned_data["url"])
        except push.BadAddress as bad:
            raise forms.ValidationError(str(bad), code="bad_address") from bad
