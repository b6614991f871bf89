"""The signed file of a frozen review, as it is uploaded."""

from django import forms

from figures.writing import count

LONGEST_REASON = 500


class SignedForm(forms.Form):
    """A PDF; a reason only where the file lacks frozen figures."""

    file = forms.FileField(
        label="Bản đã ký (PDF)",
        help_text="Bản ký số, hoặc bản quét từ bản giấy đã ký, đóng dấu.",
        error_messages={
            "required": "Hãy chọn tệp PDF.",
            "missing": "Hãy chọn tệp PDF.",
            "empty": "Tệp rỗng.",
            "invalid": "Hãy chọn tệp PDF.",
        },
        widget=forms.FileInput(attrs={"accept": ".pdf,application/pdf"}),
    )
    reason = forms.CharField(
        label="Lý do vẫn lưu",
        required=False,
        max_length=LONGEST_REASON,
        error_messages={"max_length": f"Dài quá {count(LONGEST_REASON)} ký tự."},
    )
