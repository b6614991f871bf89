"""Which sessions end."""

from collections.abc import Iterable

from django import forms
from django.http import HttpRequest

from accounts.users.password_confirmation import PasswordConfirmationForm

OTHER_SESSIONS = "others"


class EndSessionForm(PasswordConfirmationForm):
    """One session of the reader's, or all but the one that asks. `keys` are those that there are."""

    session = forms.ChoiceField(
        error_messages={
            "required": "Chưa chọn phiên nào.",
            "invalid_choice": "Phiên này đã kết thúc. Hãy chọn phiên khác.",
        }
    )
    field_order = ["session", "password"]

    def __init__(self, request: HttpRequest, keys: Iterable[str], *args, **kwargs):
        super().__init__(request, *args, **kwargs)
        self.fields["session"].choices = [(key, key) for key in (OTHER_SESSIONS, *keys)]
