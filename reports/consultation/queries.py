"""What units are asked for, in whose name somebody comments, what is still open, and what a contribution may
quote.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Count, Q

from accounts.models import User
from core.web import Right
from figures.periods import Period
from records.calendar.queries import stored_calendar
from reports.drafting.queries import UNKNOWN_TEXT, Quotable, facts_named, review_facts
from reports.models import Asking, AskKind, Review, ReviewSection, ReviewState, SectionComment
from reports.review_access import units_with_role
from reports.review_text import bound_text
from reports.review_text.facts import Fact
from units.access.queries import is_allowed
from units.models import Unit

OPEN_STATES = (ReviewState.DRAFT, ReviewState.COMMENT)


@dataclass(frozen=True)
class RequestStatus:
    """An asking as it stands on a day. `mark` is a state of parts/chip.html, `word` says it."""

    asking: Asking
    mark: str
    word: str
    late: bool

    @property
    def paragraphs(self) -> tuple[bound_text.Paragraph, ...]:
        """The text as runs."""
        return bound_text.parse_paragraphs(self.asking.body)


def request_status(one: Asking, on: date) -> RequestStatus:
    """Come, taken over, sent back, late or waited for."""
    late = one.sent_at is None and one.due_on is not None and one.due_on < on
    if one.taken_at:
        return RequestStatus(one, "ok", "Đã lấy vào mục", False)
    if one.sent_at:
        done = "Đã gửi" if one.kind == AskKind.TEXT else "Đã góp ý"
        return RequestStatus(one, "ok" if one.kind == AskKind.COMMENT else "wait", done, False)
    if one.returned:
        return RequestStatus(one, "back", "Trả lại để sửa" + (", quá hạn" if late else ""), late)
    if late:
        days = (on - one.due_on).days
        return RequestStatus(one, "late", f"Quá hạn {days} ngày", True)
    return RequestStatus(one, "draft" if one.body else "none", "Đang viết" if one.body else "Chưa gửi", False)


def comment_units(user: User, review: Review, on: date) -> list[Unit]:
    """In whose name a person may comment on a draft that is put to comment: units asked for it, and its own unit."""
    if review.state != ReviewState.COMMENT:
        return []
    asked = Asking.objects.filter(review=review, kind=AskKind.COMMENT).select_related("unit")
    units = [one.unit for one in asked.filter(unit__in=units_with_role(user, on))]
    found = [unit for unit in [*units, review.unit] if is_allowed(user, Right.COMMENT, unit, on)]
    return list({unit.pk: unit for unit in found}.values())


def open_requests(user: User, on: date) -> list[Asking]:
    """What is asked of the units that a person fills in for, and not answered: the nearest due day first."""
    rows = Asking.objects.filter(unit__in=units_with_role(user, on), sent_at=None)
    rows = rows.filter(review__state__in=OPEN_STATES).exclude(
        kind=AskKind.COMMENT, review__state=ReviewState.DRAFT
    )
    rows = rows.select_related("unit", "review__unit").defer("review__frozen")
    found = [row for row in rows if is_allowed(user, Right.FILL, row.unit, on)]
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
class RequestCounts:
    """How many were asked about a review, how many have answered, how many are late."""

    asked: int
    come: int
    late: int


def request_counts(review: Review, on: date) -> RequestCounts:
    """One query, whatever was asked."""
    late = Q(sent_at=None, due_on__lt=on)
    found = review.askings.aggregate(
        asked=Count("pk"), come=Count("pk", filter=~Q(sent_at=None)), late=Count("pk", filter=late)
    )
    return RequestCounts(**found)


def unanswered_requests(review: Review, units: Iterable[Unit]) -> list[Asking]:
    """Which of the units were asked for comments and have not said anything yet. One query."""
    rows = review.askings.filter(kind=AskKind.COMMENT, unit__in=list(units), sent_at=None)
    return list(rows.select_related("unit"))


def request_statuses(review: Review, on: date) -> list[RequestStatus]:
    """All that is asked about a review, section by section, texts first. One query."""
    rows = review.askings.select_related("unit", "section")
    found = sorted(
        rows,
        key=lambda one: (one.kind == AskKind.COMMENT, one.section.order if one.section else 0, one.unit.path),
    )
    return [request_status(one, on) for one in found]


WHOLE = "Toàn văn dự thảo"


@dataclass(frozen=True)
class CommentThread:
    """A comment with its replies, in order."""

    comment: SectionComment
    replies: Sequence[SectionComment] = field(default_factory=list)


@dataclass(frozen=True)
class SectionThreads:
    """What was said about one section; `section` None: about the whole, or about one that is there no more."""

    heading: str
    section: int | None
    threads: Sequence[CommentThread]

    @property
    def open(self) -> int:
        return sum(not thread.comment.resolution for thread in self.threads)


def comments_by_section(review: Review, sections: Sequence[ReviewSection]) -> list[SectionThreads]:
    """The comments of a review: those on the whole first, then in the order of the sections. One query."""
    rows = list(review.comments.select_related("unit"))
    replies: dict[int, list[SectionComment]] = defaultdict(list)
    for row in rows:
        if row.parent_id:
            replies[row.parent_id].append(row)
    threads: dict[tuple[int | None, str], list[CommentThread]] = defaultdict(list)
    known = {section.pk: section.heading for section in sections}
    for row in rows:
        if not row.parent_id:
            heading = known.get(row.section_id or 0, row.heading or WHOLE)
            threads[row.section_id, heading].append(CommentThread(row, replies[row.pk]))
    order = {one.pk: place for place, one in enumerate(sections, 1)}
    found = [SectionThreads(heading, number, told) for (number, heading), told in threads.items()]
    return sorted(found, key=lambda part: order.get(part.section or 0, 0))


# What is offered of a unit's facts, in this order.
OFFERED = (
    "received", "received_direct", "received_online", "received_postal", "share.direct", "share.online", "resolved",
    "resolved_early", "resolved_on_time", "resolved_late", "rate.on_time", "pending", "pending_late",
)  # fmt: skip
_OWN = "now.total."


def fact_prefix(asking: Asking) -> str:
    """How the keys of the asked unit's figures begin in the review that asks."""
    end = stored_calendar().bounds(Period.parse(asking.review.period))[1]
    return f"unit.{asking.unit.key_on(end)}."


def contribution_facts(asking: Asking) -> dict[str, Fact]:
    """The facts that the asked unit may quote: its own figures in the review that asks, nobody else's."""
    begins = fact_prefix(asking)
    return {key: fact for key, fact in review_facts(asking.review).items() if key.startswith(begins)}


def offered_facts(asking: Asking, facts: Mapping[str, Fact]) -> list[Quotable]:
    """Those that are offered on the page, as far as somebody reported them."""
    found = facts_named(facts, [fact_prefix(asking) + name for name in OFFERED])
    return [one for one in found if one.fact.text != UNKNOWN_TEXT]


def own_section(asking: Asking) -> ReviewSection | None:
    """The section of the unit's own review of that period that stands in the same place of the outline: of the same
    key, else of the same heading. The newest review counts. One query.
    """
    rows = ReviewSection.objects.filter(review__unit=asking.unit_id, review__period=asking.review.period)
    same = (
        {"key": asking.section.key} if asking.section and asking.section.key else {"heading": asking.heading}
    )
    return rows.filter(**same).exclude(body="").order_by("-review_id").first()


def translate_facts(asking: Asking, body: str, facts: Mapping[str, Fact]) -> str:
    """A text of the unit's own review for the review that asks: a figure of the whole unit stays bound to the same
    figure there where it is the same number; every other one becomes plain words.
    """
    begins = fact_prefix(asking)

    def told(run: bound_text.TextRun) -> bound_text.TextRun:
        key = begins + run.key.removeprefix(_OWN)
        same = run.key.startswith(_OWN) and key in facts and facts[key].text == run.text
        return bound_text.TextRun(run.text, key) if same else bound_text.TextRun(run.text)

    return bound_text.write_paragraphs(
        [[told(run) for run in runs] for runs in bound_text.parse_paragraphs(body)]
    )
