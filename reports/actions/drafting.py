"""Writing a review: a draft, its text and tasks, its step to comments, and a draft that replaces a frozen one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from figures.periods import Period
from ledger import log
from reports.models import PlanTask, Review, ReviewSection, ReviewState
from reports.queries.document import content_version
from units.models import Kind, Unit, User

from .common import Refused, Stale, note, opened

# Characters. A longer text is refused at entry (acceptance S25, a project figure); a section takes over what many units
# wrote, and so does what a unit writes for one.
LONGEST_TEXT = 10_000
LONGEST_SECTION = 200_000


@dataclass(frozen=True)
class TaskText:
    """A task as it is typed: `unit` is the number of the unit that answers for it."""

    text: str
    responsible: str = ""
    deadline: date | None = None
    unit: int | None = None


_COMMITTEE = "Ủy ban nhân dân"


def default_title(period: Period) -> str:
    """ "Sơ kết … 6 tháng đầu năm 2022"; of a whole year it is "Tổng kết"."""
    kind = "Sơ kết" if period.kind != "year" else "Tổng kết"
    return f"{kind} công tác cải cách hành chính {period.label}"


def default_header(unit: Unit, period: Period) -> dict[str, str]:
    """Who issues a new draft, and its first and last sentence, for the editor to go on from. An office's name stands
    under that of its committee (decree 30/2020).
    """
    if unit.kind == Kind.OFFICE and unit.parent is not None:
        issuers = {"superior": f"{_COMMITTEE} {unit.parent.name}".upper(), "issuer": unit.name.upper()}
    else:
        issuers = {"issuer": f"{_COMMITTEE}\n{unit.name}".upper()}
    return {
        **issuers,
        "opening": f"Ủy ban nhân dân {unit.name} báo cáo kết quả công tác cải cách hành chính (CCHC) "
        f"{period.label} như sau:",
        "closing": f"Trên đây là báo cáo công tác cải cách hành chính {period.label} của {unit.name}./.",
    }


@transaction.atomic
def draft(
    unit: Unit,
    period: Period,
    *,
    by: User | None,
    at: datetime,
    title: str = "",
    sections: Iterable[Mapping[str, Any]] = (),
    header: Mapping[str, Any] | None = None,
    signer: Mapping[str, Any] | None = None,
    recipients: Iterable[str] = ("- Lưu: VT.",),
    decimals: int = 1,
    units_of: date | None = None,
    replaces: Review | None = None,
) -> Review:
    """Open a draft for a unit and period. `units_of`: told by the units of that day, history carried over. Raises
    Refused while another draft of the same is open.
    """
    open_ = Review.objects.filter(
        unit=unit, period=period.code, state__in=[ReviewState.DRAFT, ReviewState.COMMENT]
    )
    if open_.exists():
        raise Refused(f"Đã có dự thảo báo cáo {period.label} của {unit.name}.")
    review = Review.objects.create(
        unit=unit,
        period=period.code,
        title=title or default_title(period),
        decimals=decimals,
        units_of=units_of,
        header=default_header(unit, period) if header is None else dict(header),
        signer=dict(signer or {"lines": ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"], "name": ""}),
        recipients=list(recipients),
        created_by=str(by) if by else log.SYSTEM,
        created_at=at,
        replaces=replaces,
    )
    _write_sections(review, sections)
    told = {"unit": unit.code, "period": period.code, "title": review.title, "units_of": units_of}
    note("review.draft", review, by, at, told)
    return review


def _write_sections(review: Review, sections: Iterable[Mapping[str, Any]]) -> None:
    """The sections of a new draft, in their order."""
    ReviewSection.objects.bulk_create(
        ReviewSection(
            review=review,
            order=order,
            level=one.get("level", 1),
            heading=one["heading"],
            body=one.get("body", ""),
            block=one.get("block", ""),
            key=one.get("key", ""),
            responsible_id=one.get("responsible"),
            due_on=one.get("due_on"),
        )
        for order, one in enumerate(sections, 1)
    )


@transaction.atomic
def edit(
    review: Review,
    *,
    by: User | None,
    at: datetime,
    title: str | None = None,
    header: Mapping[str, Any] | None = None,
    signer: Mapping[str, Any] | None = None,
    recipients: Iterable[str] | None = None,
    bodies: Mapping[int, tuple[str, str]] | None = None,
    tasks: Iterable[TaskText] | None = None,
    version: str | None = None,
) -> Review:
    """Change the text of a draft; what is None stays. `bodies`: section number → heading, text. Tasks are replaced
    as a whole. Raises Refused once the review is frozen, Stale when `version` is given and the text is not that of
    document.content_version any more.
    """
    review = opened(review)
    if version is not None and version != content_version(review):
        raise Stale("Người khác vừa sửa báo cáo này.")
    given = {"title": title, "header": header, "signer": signer, "recipients": recipients}
    for name, value in given.items():
        if value is not None:
            setattr(review, name, list(value) if name == "recipients" else value)
    review.save(update_fields=[name for name, value in given.items() if value is not None] or ["title"])
    for section in review.sections.filter(pk__in=bodies or ()):
        section.heading, section.body = (bodies or {})[section.pk]
        section.save(update_fields=["heading", "body"])
    if tasks is not None:
        told = {(one.text, one.unit_id): one for one in review.tasks.all()}
        review.tasks.all().delete()
        PlanTask.objects.bulk_create(
            PlanTask(
                review=review,
                order=order,
                text=task.text,
                responsible=task.responsible,
                deadline=task.deadline,
                unit_id=task.unit,
                **_outcome(told.get((task.text, task.unit))),
            )
            for order, task in enumerate(tasks, 1)
        )
    changed = [
        name for name, value in {**given, "sections": bodies, "tasks": tasks}.items() if value is not None
    ]
    note("review.edit", review, by, at, {"changed": changed})
    return review


def _outcome(before: PlanTask | None) -> dict[str, Any]:
    """What was told of a task that stays: saving the text of a review must not lose it."""
    names = ("outcome", "outcome_note", "outcome_on", "outcome_by", "outcome_at")
    return {name: getattr(before, name) for name in names} if before else {}


@transaction.atomic
def set_state(review: Review, state: str, *, by: User | None, at: datetime) -> Review:
    """Draft ↔ for comment. Raises Refused for any other step."""
    review = opened(review)
    if state not in (ReviewState.DRAFT, ReviewState.COMMENT):
        raise Refused("Bước này không chuyển được bằng tay.")
    review.state = state
    review.save(update_fields=["state"])
    note("review.state", review, by, at, {"state": state})
    return review


def replacement(review: Review, *, by: User | None, at: datetime) -> Review:
    """A new draft with the text of a frozen review, to take its place with newer figures. Raises Refused."""
    if not review.is_frozen:
        raise Refused("Chỉ lập bản thay thế cho báo cáo đã chốt số liệu.")
    with transaction.atomic():
        new = draft(
            review.unit,
            Period.parse(review.period),
            by=by,
            at=at,
            title=review.title,
            sections=review.sections.values(
                "level", "heading", "body", "block", "key", "responsible", "due_on"
            ),
            header=review.header,
            signer=review.signer,
            recipients=review.recipients,
            decimals=review.decimals,
            units_of=review.units_of,
            replaces=review,
        )
        tasks = [
            TaskText(one.text, one.responsible, one.deadline, one.unit_id)
            for one in review.tasks.order_by("order")
        ]
        return edit(new, by=by, at=at, tasks=tasks)
