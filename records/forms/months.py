"""Which month of a unit to open, and whom to urge for one."""

from django import forms

from figures.periods import Month, PeriodError


class OpenForm(forms.Form):
    """Which month of which unit to open; with `no_dossiers` it is filled with zeros at once."""

    unit = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    month = forms.CharField(max_length=16)
    no_dossiers = forms.BooleanField(required=False)

    def clean_month(self) -> Month:
        try:
            return Month.parse(self.cleaned_data["month"])
        except PeriodError as fault:
            raise forms.ValidationError(str(fault)) from fault


class UrgeForm(forms.Form):
    """Which unit to urge; without one, all that are silent."""

    unit = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
