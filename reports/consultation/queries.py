"""Requests and comments with their status, in whose name a user may comment, and facts for contributions."""

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
    """The status of a request on a day. `mark` is a state of parts/chip.html, `word` its text."""

    asking: Asking
    mark: str
    word: str
    late: bool

    @property
    def paragraphs(self) -> tuple[bound_text.Paragraph, ...]:
        """The text as runs."""
        return bound_text.parse_paragraphs(self.asking.body)


def request_status(asking: Asking, on: date) -> RequestStatus:
    """The status of a request on a day."""
    late = asking.sent_at is None and asking.due_on is not None and asking.due_on < on
    if asking.taken_at:
        return RequestStatus(asking, "ok", "Đã lấy vào mục", False)
    if asking.sent_at:
        word = "Đã gửi" if asking.kind == AskKind.TEXT else "Đã góp ý"
        return RequestStatus(asking, "ok" if asking.kind == AskKind.COMMENT else "wait", word, False)
    if asking.returned:
        return RequestStatus(asking, "back", "Trả lại để sửa" + (", quá hạn" if late else ""), late)
    if late:
        days = (on - asking.due_on).days
        return RequestStatus(asking, "late", f"Quá hạn {days} ngày", True)
    return RequestStatus(
        asking, "draft" if asking.body else "none", "Đang viết" if asking.body else "Chưa gửi", False
    )


def comment_units(user: User, review: Review, on: date) -> list[Unit]:
    """In whose name a user may comment: the units that were asked, and the review's own unit."""
    if review.state != ReviewState.COMMENT:
        return []
    requests = Asking.objects.filter(review=review, kind=AskKind.COMMENT).select_related("unit")
    units = [asking.unit for asking in requests.filter(unit__in=units_with_role(user, on))]
    allowed = [unit for unit in [*units, review.unit] if is_allowed(user, Right.COMMENT, unit, on)]
    return list({unit.pk: unit for unit in allowed}.values())


def open_requests(user: User, on: date) -> list[Asking]:
    """The unanswered requests to the units that a user fills in for, by due day."""
    rows = Asking.objects.filter(unit__in=units_with_role(user, on), sent_at=None)
    rows = rows.filter(review__state__in=OPEN_STATES).exclude(
        kind=AskKind.COMMENT, review__state=ReviewState.DRAFT
    )
    rows = rows.select_related("unit", "review__unit").defer("review__frozen")
    allowed = [row for row in rows if is_allowed(user, Right.FILL, row.unit, on)]
    return sorted(allowed, key=lambda asking: (asking.due_on or date.max, asking.pk))


def open_points(review: Review) -> list[str]:
    """Unresolved comments and unsent texts, as sentences for the leader who closes the figures. Two queries."""
    sentences = []
    unresolved = review.comments.filter(parent=None, resolution="").count()
    if unresolved:
        sentences.append(f"Còn {unresolved} ý kiến góp ý chưa giải quyết.")
    unsent = review.askings.filter(kind=AskKind.TEXT, sent_at=None).order_by("unit__path")
    names = list(dict.fromkeys(unsent.values_list("unit__name", flat=True)))
    if names:
        more = f" và {len(names) - 10} đơn vị khác" if len(names) > 10 else ""
        sentences.append(f"Chưa gửi nội dung: {', '.join(names[:10])}{more}.")
    return sentences


def children_at(unit: Unit, on: date) -> list[Unit]:
    """The units directly below on a day, offices first."""
    return sorted(
        Unit.objects.filter(parent=unit).active_on(on),
        key=lambda child: (child.kind == "committee", child.code),
    )


@dataclass(frozen=True)
class RequestCounts:
    """How many requests a review has, how many are `answered` and how many are late."""

    total: int
    answered: int
    late: int


def request_counts(review: Review, on: date) -> RequestCounts:
    """The counts, in one query."""
    late = Q(sent_at=None, due_on__lt=on)
    counts = review.askings.aggregate(
        total=Count("pk"), answered=Count("pk", filter=~Q(sent_at=None)), late=Count("pk", filter=late)
    )
    return RequestCounts(**counts)


def unanswered_requests(review: Review, units: Iterable[Unit]) -> list[Asking]:
    """The unanswered requests for comments to some units. One query."""
    rows = review.askings.filter(kind=AskKind.COMMENT, unit__in=list(units), sent_at=None)
    return list(rows.select_related("unit"))


def request_statuses(review: Review, on: date) -> list[RequestStatus]:
    """All requests of a review: texts by section, then comments. One query."""
    rows = review.askings.select_related("unit", "section")
    askings = sorted(
        rows,
        key=lambda asking: (
            asking.kind == AskKind.COMMENT,
            asking.section.order if asking.section else 0,
            asking.unit.path,
        ),
    )
    return [request_status(asking, on) for asking in askings]


WHOLE = "Toàn văn dự thảo"


@dataclass(frozen=True)
class CommentThread:
    """A comment with its replies, in order."""

    comment: SectionComment
    replies: Sequence[SectionComment] = field(default_factory=list)


@dataclass(frozen=True)
class SectionThreads:
    """The comments on a section; `section` None: on the whole draft, or on a deleted section."""

    heading: str
    section: int | None
    threads: Sequence[CommentThread]

    @property
    def open(self) -> int:
        return sum(not thread.comment.resolution for thread in self.threads)


def comments_by_section(review: Review, sections: Sequence[ReviewSection]) -> list[SectionThreads]:
    """The comments on the whole, then by section. One query."""
    rows = list(review.comments.select_related("unit"))
    replies: dict[int, list[SectionComment]] = defaultdict(list)
    for row in rows:
        if row.parent_id:
            replies[row.parent_id].append(row)
    threads: dict[tuple[int | None, str], list[CommentThread]] = defaultdict(list)
    headings = {section.pk: section.heading for section in sections}
    for row in rows:
        if not row.parent_id:
            heading = headings.get(row.section_id or 0, row.heading or WHOLE)
            threads[row.section_id, heading].append(CommentThread(row, replies[row.pk]))
    order = {section.pk: place for place, section in enumerate(sections, 1)}
    parts = [SectionThreads(heading, section_id, group) for (section_id, heading), group in threads.items()]
    return sorted(parts, key=lambda part: order.get(part.section or 0, 0))


# The facts of a unit that its page offers, in this order.
OFFERED = (
    "received", "received_direct", "received_online", "received_postal", "share.direct", "share.online", "resolved",
    "resolved_early", "resolved_on_time", "resolved_late", "rate.on_time", "pending", "pending_late",
)  # fmt: skip
_OWN = "now.total."


def fact_prefix(asking: Asking) -> str:
    """The prefix of the keys of the unit's figures in the requesting review."""
    end = stored_calendar().bounds(Period.parse(asking.review.period))[1]
    return f"unit.{asking.unit.key_on(end)}."


def contribution_facts(asking: Asking) -> dict[str, Fact]:
    """The facts that the unit may quote: its own figures in the requesting review."""
    prefix = fact_prefix(asking)
    return {key: fact for key, fact in review_facts(asking.review).items() if key.startswith(prefix)}


def offered_facts(asking: Asking, facts: Mapping[str, Fact]) -> list[Quotable]:
    """The reported facts that the page offers."""
    offered = facts_named(facts, [fact_prefix(asking) + name for name in OFFERED])
    return [quotable for quotable in offered if quotable.fact.text != UNKNOWN_TEXT]


def own_section(asking: Asking) -> ReviewSection | None:
    """The corresponding section, by key or else heading, of the unit's own newest review of the period. One query."""
    rows = ReviewSection.objects.filter(review__unit=asking.unit_id, review__period=asking.review.period)
    same = (
        {"key": asking.section.key} if asking.section and asking.section.key else {"heading": asking.heading}
    )
    return rows.filter(**same).exclude(body="").order_by("-review_id").first()


def translate_facts(asking: Asking, body: str, facts: Mapping[str, Fact]) -> str:
    """A text of the unit's own review for the requesting review: figures of the whole unit stay bound where both
    reviews have the same number, others become plain text.
    """
    prefix = fact_prefix(asking)

    def translated(run: bound_text.TextRun) -> bound_text.TextRun:
        key = prefix + run.key.removeprefix(_OWN)
        same = run.key.startswith(_OWN) and key in facts and facts[key].text == run.text
        return bound_text.TextRun(run.text, key) if same else bound_text.TextRun(run.text)

    return bound_text.write_paragraphs(
        [[translated(run) for run in runs] for runs in bound_text.parse_paragraphs(body)]
    )
