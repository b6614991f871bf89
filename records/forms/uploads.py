"""Files that people bring to the pages of this room."""

from django import forms


class OfficialUpload(forms.Form):
    """An official form."""

    file = forms.FileField(
        label="Tệp biểu (.xlsx)",
        help_text="Biểu tải từ đây, hoặc lập tay theo mẫu: phải có dòng đánh số cột (1), (2), (3)…",
        error_messages=dict.fromkeys(("required", "missing", "invalid"), "Hãy chọn tệp .xlsx.")
        | {"empty": "Tệp rỗng."},
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
    )


class FormUpload(forms.Form):
    """A workbook."""

    file = forms.FileField(
        label="Tệp Excel (.xlsx)",
        help_text="Biểu tải từ hệ thống này, đã điền; lưu bằng Excel, LibreOffice hoặc Google Trang tính đều được.",
        error_messages=dict.fromkeys(("required", "missing", "invalid"), "Hãy chọn tệp Excel.")
        | {"empty": "Tệp rỗng."},
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
    )
