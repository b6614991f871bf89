"""Form fields of every app, with Vietnamese messages, and the error of an action that belongs to a field."""

from datetime import date

from django import forms
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, QueryDict

from .dates import format_day, parse_day
from .text import clean_text, parse_digits

REQUIRED = "Chưa nhập ô này."


class WholeNumberField(forms.CharField):
    """A whole number from `least` to `most`; `zero` also allows 0."""

    def __init__(self, *, least: int, most: int, zero: bool = False, **options):
        super().__init__(max_length=5, error_messages={"required": REQUIRED}, **options)
        self.least, self.most, self.zero = least, most, zero
        self.widget.attrs |= {"inputmode": "numeric", "size": 6}

    def clean(self, value) -> int:
        number = parse_digits(super().clean(value).strip(), self.max_length)
        if not (self.least <= number <= self.most or self.zero and number == 0):
            also = "0 hoặc " if self.zero else ""
            raise forms.ValidationError(f"Nhập {also}số nguyên từ {self.least} đến {self.most}.")
        return number


def posted_data(request: HttpRequest) -> QueryDict | None:
    """The POST data, or None for other methods; empty POST data is still bound."""
    return request.POST if request.method == "POST" else None


class DayField(forms.Field):
    """A day as 30/6/2022 or 2022-06-30."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 12})
    default_error_messages = {"required": REQUIRED}

    def to_python(self, value) -> date | None:
        if value in self.empty_values:
            return None
        try:
            return parse_day(clean_text(str(value)))
        except ValueError as error:
            raise forms.ValidationError(str(error), code="bad_date") from error

    def prepare_value(self, value):
        return format_day(value) if isinstance(value, date) else value


class EmailAddressField(forms.EmailField):
    """An e-mail address, or none."""

    default_error_messages = {"invalid": "Địa chỉ thư điện tử chưa đúng, ví dụ: ten@hanam.gov.vn."}

    def __init__(self, **options):
        super().__init__(label="Thư điện tử", required=False, max_length=254, **options)


class CleanTextField(forms.CharField):
    """Text on one line, without invisible characters."""

    default_error_messages = {"required": REQUIRED}

    def __init__(self, **options):
        super().__init__(**options)
        if self.max_length is not None:
            # In place of Django's own, which speaks of "giá trị này".
            self.validators = [
                validator for validator in self.validators if not isinstance(validator, MaxLengthValidator)
            ]
            self.validators.append(MaxLengthValidator(self.max_length, f"Tối đa {self.max_length} ký tự."))

    def to_python(self, value) -> str:
        return clean_text(super().to_python(value))


class ListChoiceField(forms.ChoiceField):
    default_error_messages = {"required": REQUIRED, "invalid_choice": "Hãy chọn một mục trong danh sách."}


class ChangeDenied(Exception):
    """A forbidden change; `field` of the form and a Vietnamese message."""

    def __init__(self, field: str, message: str):
        super().__init__(message)
        self.field = field
