"""What anyone gives to be checked: a file, or the short code that is printed in a review."""

from typing import Any

from django import forms

from reports.outlets import codes

_FILE = dict.fromkeys(("required", "missing", "invalid"), "Hãy chọn tệp PDF.") | {"empty": "Tệp rỗng."}


class VerifyForm(forms.Form):
    """A PDF to be checked by anyone."""

    file = forms.FileField(
        label="Tệp PDF của báo cáo",
        help_text="Bản tải từ hệ thống, bản ký số hoặc bản quét; tệp không được lưu lại.",
        error_messages=_FILE,
        widget=forms.FileInput(attrs={"accept": ".pdf,application/pdf"}),
    )


class CodeForm(forms.Form):
    """The ten letters under "Nơi nhận"; case, spaces and dashes do not matter."""

    code = forms.CharField(
        label="Mã kiểm tra",
        help_text="Mười chữ cái in dưới “Nơi nhận”, ví dụ BCDFG-HJKLM.",
        max_length=100,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": "Hãy gõ mã kiểm tra.", "max_length": "Mã chỉ có mười chữ cái."},
    )

    def clean_code(self) -> str:
        typed: Any = self.cleaned_data["code"]
        read = codes.read(typed)
        if not read:
            raise forms.ValidationError(
                "Mã gồm mười chữ cái, không có chữ số và nguyên âm. Hãy xem lại trên báo cáo."
            )
        return read
