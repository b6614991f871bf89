"""What is decided on sent months: those ticked for approval, requests to unlock."""

from collections.abc import Iterable
from typing import Any

from django import forms

from .grid import STALE_PAGE
from .reasons import REASON_LENGTH, TOO_LONG


class UnlockForm(forms.Form):
    """What is decided on a request to unlock; declining needs an answer, which the action asks for."""

    GRANT = "grant"

    request = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    verdict = forms.ChoiceField(choices=[(GRANT, "Đồng ý mở khóa"), ("decline", "Không đồng ý")])
    answer = forms.CharField(
        label="Ý kiến", required=False, max_length=REASON_LENGTH, error_messages=TOO_LONG
    )

    def clean(self) -> dict[str, Any]:
        if {"request", "verdict"} & self.errors.keys():
            self.add_error(None, STALE_PAGE)
        return self.cleaned_data


def chosen_pairs(values: Iterable[str]) -> dict[int, int]:
    """Submissions ticked for approval, each with the revision that was looked at: ["12:3"] → {12: 3}.

    Errors: ValueError for anything else.
    """
    pairs = {}
    for value in values:
        number, sign, revision = value.partition(":")
        if not (sign and _plain(number, 18) and _plain(revision, 9)):
            raise ValueError("Danh sách báo cáo đã chọn không đúng.")
        pairs[int(number)] = int(revision)
    return pairs


def _plain(text: str, longest: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= longest
