"""The form about the text that a unit is asked for."""

from collections.abc import Container
from typing import Any

from django import forms

from figures import bound
from reports.models import Asking

from .meeting import REVISION
from .section import SectionForm


class ContributionForm(SectionForm):
    """The words alone, looked at as those of a section: a figure is one of the unit's own, or stood there before."""

    revision = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), REVISION),
    )

    def __init__(self, data: Any, asking: Asking, known: Container[str]) -> None:
        forms.Form.__init__(self, data, initial={"body": asking.body, "revision": asking.revision})
        del self.fields["heading"]
        self.known, self.before = known, set(bound.keys(bound.paragraphs(asking.body)))
