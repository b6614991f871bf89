"""Fields that read what people write here."""

from datetime import date

from django import forms
from django.core.validators import MaxLengthValidator

from units.dates import parse_day, write_day
from units.words import clean

REQUIRED = "Chưa nhập ô này."


class DayField(forms.Field):
    """A day as 30/6/2022 or 2022-06-30."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 12})
    default_error_messages = {"required": REQUIRED}

    def to_python(self, value) -> date | None:
        if value in self.empty_values:
            return None
        try:
            return parse_day(clean(str(value)))
        except ValueError as error:
            raise forms.ValidationError(str(error), code="bad_date") from error

    def prepare_value(self, value):
        return write_day(value) if isinstance(value, date) else value


class WordsField(forms.CharField):
    """Text on one line, cleaned of what cannot be seen."""

    default_error_messages = {"required": REQUIRED}

    def __init__(self, **options):
        super().__init__(**options)
        if self.max_length is not None:
            # In place of Django's own, which speaks of "giá trị này".
            self.validators = [one for one in self.validators if not isinstance(one, MaxLengthValidator)]
            self.validators.append(MaxLengthValidator(self.max_length, f"Tối đa {self.max_length} ký tự."))

    def to_python(self, value) -> str:
        return clean(super().to_python(value))


class ChosenField(forms.ChoiceField):
    """One of a list."""

    default_error_messages = {"required": REQUIRED, "invalid_choice": "Hãy chọn một mục trong danh sách."}
