"""Who may see or change a review: fetched with the right checked, locked, refused, logged.

What anyone may know of an issued one, and the form fields that all pages of reviews share.
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
    """A change that cannot be, in Vietnamese words for whoever asked for it."""


class StaleReview(ReviewError):
    """What was changed or closed is not what whoever asked for it has seen: somebody else was there meanwhile."""


def lock_open_review(review: Review) -> Review:
    """The review under a lock, as long as it may still be changed."""
    review = Review.objects.select_for_update().get(pk=review.pk)
    if review.is_frozen:
        raise ReviewError("Báo cáo đã chốt số liệu, không sửa được nữa. Hãy lập bản thay thế.")
    return review


def log_change(action: str, review: Review, by: User | None, at: datetime, detail: dict[str, Any]) -> None:
    log.append(action, by=by, subject=log_subject(review), detail=detail, at=at)


def changed_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What differs, for the log: name → old and new."""
    return {
        name: {"old": before[name], "new": value} for name, value in after.items() if before[name] != value
    }


def log_subject(review: Review) -> str:
    """How the log names a review."""
    return f"review:{review.pk}"


# Characters. A longer text is refused at entry (acceptance S25, a project figure); a section takes over what many units
# wrote, and so does what a unit writes for one.
LONGEST_TEXT = 10_000
LONGEST_SECTION = 200_000


def may_read(user: User, review: Review, on: date) -> bool:
    """Whether somebody of an asked unit reads the draft: while it is put to comment."""
    if review.state != ReviewState.COMMENT:
        return False
    askings = Asking.objects.filter(review=review, kind=AskKind.COMMENT, unit__in=units_with_role(user, on))
    return any(is_allowed(user, Right.COMMENT, one.unit, on) for one in askings.select_related("unit"))


# What newer figures are looked for in: (measure, words).
COMPARED = tuple((one.name, one.label.lower()) for one in COUNTS_FOR_PEOPLE if one.compared)


@dataclass(frozen=True)
class NewerFigure:
    """A figure that is another one today than in the frozen review."""

    whom: str
    what: str
    old: str
    new: str


@dataclass(frozen=True)
class Correction:
    """Number and day that stood there before somebody corrected them, and why."""

    number: str
    issued_on: date
    by: str
    at: datetime
    reason: str


def visible_reviews(user: User, on: date) -> Any:
    """Reviews of the units that the user may read, newest period first."""
    return Review.objects.filter(unit__in=visible_units(user, on)).select_related("unit").defer("frozen")


def drafting_units(user: User, on: date) -> list[Unit]:
    """Units with others below them, or reporting themselves, whose reviews the user may draft."""
    units = [
        membership.unit for membership in memberships_of(user, on) if membership.role in ROLES[web.Right.EDIT]
    ]
    return sorted(set(units), key=lambda unit: unit.path)


def newer_figures(doc: dict[str, Any]) -> list[NewerFigure]:
    """What has changed since a document was made: by tier, then by unit; empty when nothing has."""
    old = Summary.from_dict(doc["figures"])
    unit = document_unit(doc)
    if unit is None:
        return []
    period, today = Period.parse(old.period.code), old.units_of
    query = FiguresQuery(unit, period, include=old.include, external=old.external, by="unit", today=today)
    new = summary(replace(query, decimals=old.decimals))
    found: list[NewerFigure] = []
    for tier, figures in old.tiers:
        found += _differences(tier_name(tier), figures, new.tier(tier))
    for row in old.rows:
        now = new.row(row.key)
        found += _differences(row.name, row.figures, now.figures if now else None)
    return found


def units_with_role(user: User, on: date) -> Iterable[int]:
    """The units that a person holds a role in: who only stands above an asked unit is not asked."""
    return {one.unit_id for one in memberships_of(user, on)}


def document_unit(doc: dict[str, Any]) -> Unit | None:
    """The unit of a document."""
    review = Review.objects.filter(pk=doc["review"]["number"]).select_related("unit").first()
    return review.unit if review else None


def frozen_entry(review: Review) -> Entry | None:
    """The entry of the log that was written when the review was frozen."""
    return (
        Entry.objects.filter(action="review.freeze", subject=f"review:{review.pk}")
        .order_by("-sequence")
        .first()
    )


def corrections(review: Review) -> list[Correction]:
    """What was changed about number and day after they had been recorded, in order."""
    if review.state != ReviewState.ISSUED:
        return []
    entries = Entry.objects.filter(action="review.correct", subject=f"review:{review.pk}").order_by(
        "sequence"
    )
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
    """The review with its unit; 404 for outsiders and unknown numbers, 403 for those who may only read. Units that were
    asked for comments read it while it is put to comment.
    """
    found = Review.objects.select_related("unit__parent", "replaces").filter(pk=pk).first()
    if found and right is Right.READ and not is_allowed(request.user, right, found.unit, request.day):
        if may_read(request.user, found, request.day):
            return found
    require_right(request.user, right, found.unit if found else None, request.day)
    return found


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
    told = {"required": "Hãy ghi mục này.", "max_length": f"Dài quá {length} ký tự."}
    return forms.CharField(label=label, required=required, max_length=length, error_messages=told, **more)


class ReviewDayField(forms.DateField):
    """A day typed or picked; 2022-08-12 and 12/8/2022 are read. Nothing of a review happens before 1990."""

    def __init__(self, label: str, required: bool = False) -> None:
        super().__init__(
            label=label,
            required=required,
            input_formats=["%Y-%m-%d", "%d/%m/%Y"],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"} | _WITHIN),
            error_messages={"invalid": "Không phải ngày. Viết như 12/8/2022.", "required": "Hãy ghi ngày."},
            validators=[_within_reason],
        )


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
