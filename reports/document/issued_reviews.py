"""Issued reviews: the code printed in each, and what anyone may know of it: names, number, day, its
replacement.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.timezone import localdate

from core import qr_code
from figures.formatting import format_day
from figures.periods import Period
from reports.models import FrozenForm, Review, ReviewState

# Consonants only: no digit that looks like a letter, no figure among the figures of a review, no word by chance.
LETTERS = "BCDFGHJKLMNPQRTVWXZ"
LENGTH = 10


def new_code() -> str:
    """A code that no review has yet, by chance: 19 letters in 10 places are 6,000,000,000,000 codes."""
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        if not FrozenForm.objects.filter(code=code).exists():
            return code


def code_text(code: str) -> str:
    """As it is printed: in two halves."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def printed_code(doc: dict[str, Any]) -> dict[str, Any] | None:
    """What is printed of a document's code; None for a draft, and for a review older than the codes."""
    given = doc.get("verify")
    if not given:
        return None
    address, asked = given["address"], urlencode({"code": given["code"]})
    return {
        "code": code_text(given["code"]),
        "address": address,
        "link": f"{address}?{asked}",
        "qr": qr_code.draw_qr_code(f"{address}?{asked}") if given["qr"] else None,
    }


def parse_code(typed: str) -> str:
    """A typed code as it is kept: case, spaces, dashes and the bar of Đ do not matter; "" for what cannot be one."""
    folded = unicodedata.normalize("NFKC", typed[:100]).upper().replace("Đ", "D")
    letters = "".join(one for one in folded if not one.isspace() and one not in "-–—.")
    return letters if len(letters) == LENGTH and set(letters) <= set(LETTERS) else ""


@dataclass(frozen=True)
class IssuedReviewStatus:
    """An issued review as /verify/ shows it. `by`: the issued review that replaced it; `of`: that it replaced."""

    review: Review
    period: str
    code: str
    by: Review | None = None
    of: Review | None = None
    signed: bool = False

    @property
    def by_code(self) -> str:
        return code_of(self.by)

    @property
    def of_code(self) -> str:
        return code_of(self.of)


def issued_review(code: str) -> Review | None:
    """The issued review in which a code (as parsed from what was typed) is printed; nothing of any other."""
    return (
        Review.objects.filter(form__code=code, state=ReviewState.ISSUED)
        .select_related("unit", "form")
        .first()
        if code
        else None
    )


def issued_status(review: Review) -> IssuedReviewStatus | None:
    """How an issued review stands; None for one that is not issued. Four queries."""
    if review.state != ReviewState.ISSUED:
        return None
    issued = Review.objects.filter(state=ReviewState.ISSUED).select_related("form").defer("frozen")
    return IssuedReviewStatus(
        review,
        Period.parse(review.period).label,
        code_of(review),
        by=issued.filter(replaces=review).order_by("-pk").first(),
        of=issued.filter(pk=review.replaces_id).first() if review.replaces_id else None,
        signed=review.signed_files.exists(),
    )


def review_title(review: Review) -> str:
    """How a frozen review is named beside others: "Báo cáo số 215/BC-UBND ngày 12/8/2022, huyện Thanh Liêm, …"."""
    of = f"{review.unit.name}, {Period.parse(review.period).label}"
    if review.number and review.issued_on:
        return f"Báo cáo số {review.number} ngày {format_day(review.issued_on)}, {of}"
    return f"Bản chốt số liệu ngày {format_day(localdate(review.frozen_at))}, {of}"


def code_of(review: Review | None) -> str:
    """The code printed in a frozen review; "" for one that is older than the codes."""
    return review.form.code if review is not None and hasattr(review, "form") else ""
