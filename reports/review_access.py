"""Access to reviews: fetching with the right checked, locking, errors, logging, codes of issued reviews.

Also the form fields that all pages of reviews share.
"""

import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.utils.timezone import localdate

from accounts.models import User
from core import qr_code, web
from core.web import Right
from figures.formatting import format_count, format_day, tier_name
from figures.measures import COUNTS_FOR_PEOPLE
from figures.periods import Period
from figures.summary import Figures, Summary
from ledger import log
from ledger.models import Entry
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from units.access.queries import ROLES, is_allowed, memberships_of, require_right, visible_units
from units.models import Unit

from .models import Asking, AskKind, FrozenForm, Review, ReviewState


class ReviewError(ValueError):
    """A refused change; the message is Vietnamese text for the user."""


class StaleReview(ReviewError):
    """Somebody else has changed the review since the user loaded it."""


def lock_open_review(review: Review) -> Review:
    """The review under a row lock. Raises ReviewError when it is frozen."""
    review = Review.objects.select_for_update().get(pk=review.pk)
    if review.is_frozen:
        raise ReviewError("Báo cáo đã chốt số liệu, không sửa được nữa. Hãy lập bản thay thế.")
    return review


def log_change(action: str, review: Review, by: User | None, at: datetime, detail: dict[str, Any]) -> None:
    log.append(action, by=by, subject=log_subject(review), detail=detail, at=at)


def changed_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The values that differ, for the log: name → old and new."""
    return {
        name: {"old": before[name], "new": value} for name, value in after.items() if before[name] != value
    }


def log_subject(review: Review) -> str:
    """The subject of log entries about a review."""
    return f"review:{review.pk}"


# Characters (acceptance S25, a project figure). A section collects the contributions of many units.
LONGEST_TEXT = 10_000
LONGEST_SECTION = 200_000


def may_read(user: User, review: Review, on: date) -> bool:
    """Whether the user reads the draft as a member of a unit that was asked for comments, while that is open."""
    if review.state != ReviewState.COMMENT:
        return False
    askings = Asking.objects.filter(review=review, kind=AskKind.COMMENT, unit__in=units_with_role(user, on))
    return any(is_allowed(user, Right.COMMENT, asking.unit, on) for asking in askings.select_related("unit"))


# The measures that `newer_figures` compares, with their words.
COMPARED = tuple((measure.name, measure.label.lower()) for measure in COUNTS_FOR_PEOPLE if measure.compared)


@dataclass(frozen=True)
class NewerFigure:
    """A figure that has changed since the review was frozen."""

    whom: str
    what: str
    old: str
    new: str


@dataclass(frozen=True)
class Correction:
    """Number and day before a correction, and its reason."""

    number: str
    issued_on: date
    by: str
    at: datetime
    reason: str


def visible_reviews(user: User, on: date) -> Any:
    """Reviews of the units that the user may read, newest period first."""
    return Review.objects.filter(unit__in=visible_units(user, on)).select_related("unit").defer("frozen")


def drafting_units(user: User, on: date) -> list[Unit]:
    """Units whose reviews the user may draft, by path."""
    units = [
        membership.unit for membership in memberships_of(user, on) if membership.role in ROLES[web.Right.EDIT]
    ]
    return sorted(set(units), key=lambda unit: unit.path)


def newer_figures(doc: dict[str, Any]) -> list[NewerFigure]:
    """The figures that have changed since a document was built, by tier, then by unit."""
    old = Summary.from_dict(doc["figures"])
    unit = document_unit(doc)
    if unit is None:
        return []
    period, today = Period.parse(old.period.code), old.units_of
    query = FiguresQuery(unit, period, include=old.include, external=old.external, by="unit", today=today)
    new = summary(replace(query, decimals=old.decimals))
    newer: list[NewerFigure] = []
    for tier, figures in old.tiers:
        newer += _differences(tier_name(tier), figures, new.tier(tier))
    for row in old.rows:
        current = new.row(row.key)
        newer += _differences(row.name, row.figures, current.figures if current else None)
    return newer


def units_with_role(user: User, on: date) -> Iterable[int]:
    """Ids of the units that a person has a role in, without the units below them."""
    return {membership.unit_id for membership in memberships_of(user, on)}


def document_unit(doc: dict[str, Any]) -> Unit | None:
    review = Review.objects.filter(pk=doc["review"]["number"]).select_related("unit").first()
    return review.unit if review else None


def frozen_entry(review: Review) -> Entry | None:
    """The log entry of the freezing."""
    entries = Entry.objects.filter(action="review.freeze", subject=log_subject(review))
    return entries.order_by("-sequence").first()


def corrections(review: Review) -> list[Correction]:
    """Corrections of number and day after issuing, the oldest first."""
    if review.state != ReviewState.ISSUED:
        return []
    entries = Entry.objects.filter(action="review.correct", subject=log_subject(review)).order_by("sequence")
    return [
        Correction(
            entry.detail["old"]["number"],
            date.fromisoformat(entry.detail["old"]["issued_on"]),
            entry.actor,
            entry.at,
            entry.detail["reason"],
        )
        for entry in entries
    ]


def _differences(whom: str, old: Figures, new: Figures | None) -> list[NewerFigure]:
    return [
        NewerFigure(
            whom, words, format_count(old.counts[name]), format_count(new.counts[name] if new else None)
        )
        for name, words in COMPARED
        if old.counts[name] != (new.counts[name] if new else None)
    ]


def review_for(request: HttpRequest, pk: int, right: Right = Right.READ) -> Review:
    """The review with its unit; 404 for unknown ids and for users without access, 403 for those who may only read.
    Units that were asked for comments may read it while commenting is open.
    """
    review = Review.objects.select_related("unit__parent", "replaces").filter(pk=pk).first()
    if review and right is Right.READ and not is_allowed(request.user, right, review.unit, request.day):
        if may_read(request.user, review, request.day):
            return review
    require_right(request.user, right, review.unit if review else None, request.day)
    return review


FIRST_YEAR, LAST_YEAR = 1990, 2100

REVISION = "Trang không còn đúng. Tải lại trang rồi nhập lại."
_WITHIN = {"min": f"{FIRST_YEAR}-01-01", "max": f"{LAST_YEAR}-12-31"}


def _within_reason(day: date) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise forms.ValidationError(f"Ngày phải từ năm {FIRST_YEAR} đến năm {LAST_YEAR}.")


def text_field(label: str, rows: int, required: bool = False, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={
            "required": "Hãy ghi mục này.",
            "max_length": f"Dài quá {format_count(LONGEST_TEXT)} ký tự.",
        },
        **more,
    )


def line_field(label: str, length: int = 300, required: bool = False, **more: Any) -> forms.CharField:
    messages = {"required": "Hãy ghi mục này.", "max_length": f"Dài quá {length} ký tự."}
    return forms.CharField(label=label, required=required, max_length=length, error_messages=messages, **more)


class ReviewDayField(forms.DateField):
    """A day between 1990 and 2100, as 2022-08-12 or 12/8/2022."""

    def __init__(self, label: str, required: bool = False) -> None:
        super().__init__(
            label=label,
            required=required,
            input_formats=["%Y-%m-%d", "%d/%m/%Y"],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"} | _WITHIN),
            error_messages={"invalid": "Không phải ngày. Viết như 12/8/2022.", "required": "Hãy ghi ngày."},
            validators=[_within_reason],
        )


# Consonants only: no digit that looks like a letter or like a figure of the review, no word by chance.
LETTERS = "BCDFGHJKLMNPQRTVWXZ"
LENGTH = 10


def new_code() -> str:
    """A random unused code; there are 19^10, about 6·10^12."""
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        if not FrozenForm.objects.filter(code=code).exists():
            return code


def code_text(code: str) -> str:
    """The code as printed: in two halves."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def printed_code(doc: dict[str, Any]) -> dict[str, Any] | None:
    """Code, address, link and QR code as printed; None for drafts and for reviews frozen before codes existed."""
    verify = doc.get("verify")
    if not verify:
        return None
    address, query = verify["address"], urlencode({"code": verify["code"]})
    return {
        "code": code_text(verify["code"]),
        "address": address,
        "link": f"{address}?{query}",
        "qr": qr_code.draw_qr_code(f"{address}?{query}") if verify["qr"] else None,
    }


def parse_code(typed: str) -> str:
    """Normalize a typed code: case, spaces, dashes and the bar of Đ do not matter; "" for an impossible code."""
    folded = unicodedata.normalize("NFKC", typed[:100]).upper().replace("Đ", "D")
    letters = "".join(char for char in folded if not char.isspace() and char not in "-–—.")
    return letters if len(letters) == LENGTH and set(letters) <= set(LETTERS) else ""


@dataclass(frozen=True)
class IssuedReviewStatus:
    """An issued review as /verify/ shows it. `by`: the issued review that replaced it; `of`: the one it replaced."""

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
    """The issued review with a code (from `parse_code`)."""
    return (
        Review.objects.filter(form__code=code, state=ReviewState.ISSUED)
        .select_related("unit", "form")
        .first()
        if code
        else None
    )


def issued_status(review: Review) -> IssuedReviewStatus | None:
    """What /verify/ shows; None for a review that is not issued. Four queries."""
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
    """A frozen review in a list: "Báo cáo số 215/BC-UBND ngày 12/8/2022, huyện Thanh Liêm, …"."""
    subject = f"{review.unit.name}, {Period.parse(review.period).label}"
    if review.number and review.issued_on:
        return f"Báo cáo số {review.number} ngày {format_day(review.issued_on)}, {subject}"
    return f"Bản chốt số liệu ngày {format_day(localdate(review.frozen_at))}, {subject}"


def code_of(review: Review | None) -> str:
    """The code printed in a frozen review; "" for reviews frozen before codes existed."""
    return review.form.code if review is not None and hasattr(review, "form") else ""
