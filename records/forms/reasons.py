"""Why: the reasons that people state for rows, returns and unlocking."""

from django import forms

from figures.writing import count

REASON_LENGTH = 2000
TOO_LONG = {"max_length": f"Lý do tối đa {count(REASON_LENGTH)} ký tự."}


class ReasonForm(forms.Form):
    """Why a month is returned, or should be unlocked."""

    reason = forms.CharField(
        label="Lý do",
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Phải ghi lý do.", **TOO_LONG},
    )
