"""The rules of safety as an administrator types them."""

from ipaddress import ip_network

from django import forms

from units.safety import (
    LEAST_DAYS,
    LEAST_IDLE,
    LEAST_LENGTH,
    MOST_DAYS,
    MOST_IDLE,
    MOST_LENGTH,
    Safety,
)

from .fields import REQUIRED

_MOST_NETWORKS = 50


class WholeField(forms.CharField):
    """A whole number between two others."""

    def __init__(self, *, least: int, most: int, zero: bool = False, **options):
        super().__init__(max_length=5, error_messages={"required": REQUIRED}, **options)
        self.least, self.most, self.zero = least, most, zero
        self.widget.attrs |= {"inputmode": "numeric", "size": 6}

    def clean(self, value) -> int:
        text = super().clean(value).strip()
        number = int(text) if text.isascii() and text.isdigit() else -1
        if not (self.least <= number <= self.most or self.zero and number == 0):
            also = "0 hoặc " if self.zero else ""
            raise forms.ValidationError(f"Nhập {also}số nguyên từ {self.least} đến {self.most}.")
        return number


class SafetyForm(forms.Form):
    idle_minutes = WholeField(
        label="Số phút không thao tác thì kết thúc phiên", least=LEAST_IDLE, most=MOST_IDLE
    )
    password_length = WholeField(label="Số ký tự ít nhất của mật khẩu", least=LEAST_LENGTH, most=MOST_LENGTH)
    password_kinds = forms.BooleanField(
        label="Mật khẩu phải có chữ hoa, chữ thường, chữ số và dấu", required=False
    )
    password_days = WholeField(
        label="Số ngày phải đổi mật khẩu một lần",
        least=LEAST_DAYS,
        most=MOST_DAYS,
        zero=True,
        help_text="0: không phải đổi định kỳ.",
    )
    addresses = forms.CharField(
        label="Địa chỉ mạng được vào các trang quản trị",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="Mỗi dòng một địa chỉ hoặc một dải, ví dụ 10.1.2.0/24. Để trống: từ đâu cũng vào được. "
        "Từ địa chỉ khác, các trang quản trị coi như không có.",
    )

    def clean_addresses(self) -> str:
        """One network a line, as they are compared."""
        lines = self.cleaned_data["addresses"].split()
        if len(lines) > _MOST_NETWORKS:
            raise forms.ValidationError(f"Tối đa {_MOST_NETWORKS} dòng.")
        networks = []
        for number, line in enumerate(lines, 1):
            try:
                networks.append(str(ip_network(line, strict=False)))
            except ValueError as error:
                raise forms.ValidationError(f"Dòng {number} không phải địa chỉ mạng: {line}.") from error
        return "\n".join(networks)

    def rules(self) -> Safety:
        """What was typed, once it is valid."""
        return Safety(**self.cleaned_data)
