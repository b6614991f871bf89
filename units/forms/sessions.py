"""Which sessions end."""

from collections.abc import Iterable

from django import forms

from units.models import User

from .proving import ProvingForm

OTHERS = "others"


class EndForm(ProvingForm):
    """One session of the reader's, or all but the one that asks. `keys` are those that there are."""

    session = forms.ChoiceField(
        error_messages={
            "required": "Chưa chọn phiên nào.",
            "invalid_choice": "Phiên này đã kết thúc. Hãy chọn phiên khác.",
        }
    )
    field_order = ["session", "password"]

    def __init__(self, user: User, keys: Iterable[str], *args, **kwargs):
        super().__init__(user, *args, **kwargs)
        self.fields["session"].choices = [(key, key) for key in (OTHERS, *keys)]
