"""The form of the safety rules."""

from ipaddress import ip_network

from django import forms

from accounts.models.safety_rules import (
    LEAST_DAYS,
    LEAST_IDLE,
    LEAST_LENGTH,
    MOST_DAYS,
    MOST_IDLE,
    MOST_LENGTH,
)
from core.web.forms import WholeNumberField

from .queries import SafetySettings

_MOST_NETWORKS = 50


class SafetyForm(forms.Form):
    idle_minutes = WholeNumberField(
        label="Số phút không thao tác thì kết thúc phiên", least=LEAST_IDLE, most=MOST_IDLE
    )
    password_length = WholeNumberField(
        label="Số ký tự ít nhất của mật khẩu", least=LEAST_LENGTH, most=MOST_LENGTH
    )
    password_kinds = forms.BooleanField(
        label="Mật khẩu phải có chữ hoa, chữ thường, chữ số và dấu", required=False
    )
    password_days = WholeNumberField(
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

    def rules(self) -> SafetySettings:
        """What was typed, once it is valid."""
        return SafetySettings(**self.cleaned_data)
