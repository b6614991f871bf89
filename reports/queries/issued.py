"""What anyone may know of an issued review: its names, number and day, and whether another one took its place."""

from dataclasses import dataclass

from django.utils.timezone import localdate

from figures.periods import Period
from figures.writing import day
from reports.models import Review, ReviewState


@dataclass(frozen=True)
class Standing:
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


def by_code(code: str) -> Review | None:
    """The issued review in which a code (as parsed from what was typed) is printed; nothing of any other."""
    return (
        Review.objects.filter(form__code=code, state=ReviewState.ISSUED)
        .select_related("unit", "form")
        .first()
        if code
        else None
    )


def standing(review: Review) -> Standing | None:
    """How an issued review stands; None for one that is not issued. Four queries."""
    if review.state != ReviewState.ISSUED:
        return None
    issued = Review.objects.filter(state=ReviewState.ISSUED).select_related("form").defer("frozen")
    return Standing(
        review,
        Period.parse(review.period).label,
        code_of(review),
        by=issued.filter(replaces=review).order_by("-pk").first(),
        of=issued.filter(pk=review.replaces_id).first() if review.replaces_id else None,
        signed=review.signed_files.exists(),
    )


def named(review: Review) -> str:
    """How a frozen review is named beside others: "Báo cáo số 215/BC-UBND ngày 12/8/2022, huyện Thanh Liêm, …"."""
    of = f"{review.unit.name}, {Period.parse(review.period).label}"
    if review.number and review.issued_on:
        return f"Báo cáo số {review.number} ngày {day(review.issued_on)}, {of}"
    return f"Bản chốt số liệu ngày {day(localdate(review.frozen_at))}, {of}"


def code_of(review: Review | None) -> str:
    """The code printed in a frozen review; "" for one that is older than the codes."""
    return review.form.code if review is not None and hasattr(review, "form") else ""
