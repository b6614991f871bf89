"""Questions about what units are asked for: who may read a draft, in whose name somebody speaks, what is still open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from figures import bound
from reports.models import Asking, AskKind, Review, ReviewState
from units import access
from units.access import Right
from units.models import Unit, User

OPEN_STATES = (ReviewState.DRAFT, ReviewState.COMMENT)


@dataclass(frozen=True)
class Standing:
    """An asking as it stands on a day. `mark` is a state of parts/chip.html, `word` says it."""

    asking: Asking
    mark: str
    word: str
    late: bool

    @property
    def paragraphs(self) -> tuple[bound.Paragraph, ...]:
        """The text as runs."""
        return bound.paragraphs(self.asking.body)


def standing(one: Asking, on: date) -> Standing:
    """Come, taken over, sent back, late or waited for."""
    late = one.sent_at is None and one.due_on is not None and one.due_on < on
    if one.taken_at:
        return Standing(one, "ok", "Đã lấy vào mục", False)
    if one.sent_at:
        done = "Đã gửi" if one.kind == AskKind.TEXT else "Đã góp ý"
        return Standing(one, "ok" if one.kind == AskKind.COMMENT else "wait", done, False)
    if one.returned:
        return Standing(one, "back", "Trả lại để sửa" + (", quá hạn" if late else ""), late)
    if late:
        days = (on - one.due_on).days
        return Standing(one, "late", f"Quá hạn {days} ngày", True)
    return Standing(one, "draft" if one.body else "none", "Đang viết" if one.body else "Chưa gửi", False)


def may_read(user: User, review: Review, on: date) -> bool:
    """Whether somebody of an asked unit reads the draft: while it is put to comment."""
    if review.state != ReviewState.COMMENT:
        return False
    askings = Asking.objects.filter(review=review, kind=AskKind.COMMENT, unit__in=_own_numbers(user, on))
    return any(access.allowed(user, Right.COMMENT, one.unit, on) for one in askings.select_related("unit"))


def voices(user: User, review: Review, on: date) -> list[Unit]:
    """In whose name a person may comment on a draft that is put to comment: units asked for it, and its own unit."""
    if review.state != ReviewState.COMMENT:
        return []
    asked = Asking.objects.filter(review=review, kind=AskKind.COMMENT).select_related("unit")
    units = [one.unit for one in asked.filter(unit__in=_own_numbers(user, on))]
    found = [unit for unit in [*units, review.unit] if access.allowed(user, Right.COMMENT, unit, on)]
    return list({unit.pk: unit for unit in found}.values())


def to_answer(user: User, on: date) -> list[Asking]:
    """What is asked of the units that a person fills in for, and not answered: the nearest due day first."""
    rows = Asking.objects.filter(unit__in=_own_numbers(user, on), sent_at=None)
    rows = rows.filter(review__state__in=OPEN_STATES).exclude(
        kind=AskKind.COMMENT, review__state=ReviewState.DRAFT
    )
    rows = rows.select_related("unit", "review__unit").defer("review__frozen")
    found = [one for one in rows if access.allowed(user, Right.FILL, one.unit, on)]
    return sorted(found, key=lambda one: (one.due_on or date.max, one.pk))


def open_points(review: Review) -> list[str]:
    """What of asking and commenting is left before figures are closed, as sentences. Two queries."""
    told = []
    left = review.comments.filter(parent=None, resolution="").count()
    if left:
        told.append(f"Còn {left} ý kiến góp ý chưa giải quyết.")
    silent = review.askings.filter(kind=AskKind.TEXT, sent_at=None).order_by("unit__path")
    names = list(dict.fromkeys(silent.values_list("unit__name", flat=True)))
    if names:
        more = f" và {len(names) - 10} đơn vị khác" if len(names) > 10 else ""
        told.append(f"Chưa gửi nội dung: {', '.join(names[:10])}{more}.")
    return told


def children_at(unit: Unit, on: date) -> list[Unit]:
    """The units directly below on a day, offices first: whom a review of the unit collects from."""
    return sorted(
        Unit.objects.filter(parent=unit).active_on(on), key=lambda one: (one.kind == "committee", one.code)
    )


@dataclass(frozen=True)
class Tally:
    """How many were asked about a review, how many have answered, how many are late."""

    asked: int
    come: int
    late: int


def tally(review: Review, on: date) -> Tally:
    """One query, whatever was asked."""
    late = Q(sent_at=None, due_on__lt=on)
    found = review.askings.aggregate(
        asked=Count("pk"), come=Count("pk", filter=~Q(sent_at=None)), late=Count("pk", filter=late)
    )
    return Tally(**found)


def not_answered(review: Review, units: Iterable[Unit]) -> list[Asking]:
    """Which of the units were asked for comments and have not said anything yet. One query."""
    rows = review.askings.filter(kind=AskKind.COMMENT, unit__in=list(units), sent_at=None)
    return list(rows.select_related("unit"))


def standings(review: Review, on: date) -> list[Standing]:
    """All that is asked about a review, section by section, texts first. One query."""
    rows = review.askings.select_related("unit", "section")
    found = sorted(
        rows,
        key=lambda one: (one.kind == AskKind.COMMENT, one.section.order if one.section else 0, one.unit.path),
    )
    return [standing(one, on) for one in found]


def _own_numbers(user: User, on: date) -> Iterable[int]:
    """The units that a person holds a role in: who only stands above an asked unit is not asked."""
    return {one.unit_id for one in access.memberships(user, on)}
