"""Opens, edits and replaces drafts, stores sections and accepts their figures, changes outlines and phrases."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from figures.periods import Period, PeriodError
from ledger import log
from records.calendar.queries import stored_calendar
from reports import document
from reports.document import build_document, document_version, header_version, previous_tasks
from reports.models import (
    Outline,
    OutlineSection,
    PlanTask,
    Review,
    ReviewSection,
    ReviewState,
    StoredPhrase,
    TaskOutcome,
)
from reports.review_access import ReviewError, StaleReview, lock_open_review, log_change
from reports.review_text import bound_text, phrases
from reports.review_text.bound_text import TextRun
from reports.review_text.facts import is_fact_name
from reports.review_text.text_figures import STALE, TYPED, TextFigure, TextFigures, text_figures
from reports.review_text.typed_numbers import LOOKS_LIKE, SAME
from units.models import Unit, UnitKind

from .queries import (
    OutlineSectionData,
    draft_sections,
    phrases_in_use,
    proposed_tasks,
    section_version,
    sections_for_review,
)


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
    if unit.kind == UnitKind.OFFICE and unit.parent is not None:
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
def open_draft(
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
        raise ReviewError(f"Đã có dự thảo báo cáo {period.label} của {unit.name}.")
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
    log_change("review.draft", review, by, at, told)
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
def edit_draft(
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
    review = lock_open_review(review)
    if version is not None and version != header_version(review):
        raise StaleReview("Người khác vừa sửa báo cáo này.")
    given = {"title": title, "header": header, "signer": signer, "recipients": recipients}
    for name, value in given.items():
        if value is not None:
            setattr(review, name, list(value) if name == "recipients" else value)
    review.save(update_fields=[name for name, value in given.items() if value is not None] or ["title"])
    for section in review.sections.filter(pk__in=bodies or ()):
        section.heading, section.body = (bodies or {})[section.pk]
        section.save(update_fields=["heading", "body"])
    if tasks is not None:
        told = {(task.text, task.unit_id): task for task in review.tasks.all()}
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
    log_change("review.edit", review, by, at, {"changed": changed})
    return review


def _outcome(before: PlanTask | None) -> dict[str, Any]:
    """What was told of a task that stays: saving the text of a review must not lose it."""
    names = ("outcome", "outcome_note", "outcome_on", "outcome_by", "outcome_at")
    return {name: getattr(before, name) for name in names} if before else {}


@transaction.atomic
def set_state(review: Review, state: str, *, by: User | None, at: datetime) -> Review:
    """Draft ↔ for comment. Raises Refused for any other step."""
    review = lock_open_review(review)
    if state not in (ReviewState.DRAFT, ReviewState.COMMENT):
        raise ReviewError("Bước này không chuyển được bằng tay.")
    review.state = state
    review.save(update_fields=["state"])
    log_change("review.state", review, by, at, {"state": state})
    return review


def replace_review(review: Review, *, by: User | None, at: datetime) -> Review:
    """A new draft with the text of a frozen review, to take its place with newer figures. Raises Refused."""
    if not review.is_frozen:
        raise ReviewError("Chỉ lập bản thay thế cho báo cáo đã chốt số liệu.")
    with transaction.atomic():
        new = open_draft(
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
            TaskText(task.text, task.responsible, task.deadline, task.unit_id)
            for task in review.tasks.order_by("order")
        ]
        return edit_draft(new, by=by, at=at, tasks=tasks)


@transaction.atomic
def write_section(
    section: ReviewSection, heading: str, body: str, *, by: User | None, at: datetime, version: str
) -> ReviewSection:
    """Store a section as it was typed, in the tidy form of bound text; the log keeps what stood there before.

    Raises Refused once the review is frozen, Stale where `version` is not that of quotable.section_version any more.
    The caller has checked that each figure is known.
    """
    review = lock_open_review(section.review)
    section = review.sections.get(pk=section.pk)
    if version != section_version(section):
        raise StaleReview("Người khác vừa lưu mục này.")
    before = {"heading": section.heading, "body": section.body}
    after = {"heading": heading, "body": bound_text.write_paragraphs(bound_text.parse_paragraphs(body))}
    if after != before:
        section.heading, section.body = after["heading"], after["body"]
        section.save(update_fields=["heading", "body"])
        log_change(
            "review.section", review, by, at, {"section": section.pk, "before": before, "after": after}
        )
    return section


CHANGED = "Chưa nhận: lời văn hoặc số liệu vừa thay đổi. Trang này đã là bản mới nhất; hãy xem lại rồi nhận."
NOTHING = "Không còn số nào cần nhận ở chỗ đã chọn."


@transaction.atomic
def accept_figures(
    review: Review,
    names: Collection[str],
    *,
    by: User | None,
    at: datetime,
    demo: bool,
    version: str | None = None,
) -> Review:
    """Write into the text what is known now. `names`: "all" and "2" (a section by its order) take the stale sentences
    there, "2.0.1" is one sentence (bound.Sentence.name), and with "=" before it ("=2.0.34", bound.Marked.name) a typed
    number is bound to the figure that it is or looks like. `version`: document.seen_version of what was looked at;
    Stale when text or figures differ by now. Raises Refused when nothing is left to accept there.
    """
    review = lock_open_review(review)
    doc = build_document(review, demo=demo)
    if version is not None and version != document_version(doc):
        raise StaleReview(CHANGED)
    now = text_figures(doc)
    changed: list[dict[str, Any]] = []
    for order, section in enumerate(review.sections.all(), 1):
        told: list[dict[str, Any]] = []
        body = _body(order, now, set(names), told)
        if told:
            section.body = body
            section.save(update_fields=["body"])
            changed += told
    if not changed:
        raise ReviewError(NOTHING)
    log_change("review.accept", review, by, at, {"figures": changed})
    return review


def _body(order: int, now: TextFigures, names: set[str], told: list[dict[str, Any]]) -> str:
    """The text of a section with what was accepted in it; `told` gets what changed, for the log."""
    whole = "all" in names or str(order) in names
    paragraphs = []
    for number, paragraph in enumerate(now.sections[order - 1]):
        runs: list[TextRun] = []
        for sentence in paragraph:
            taken = whole or sentence.name in names
            for figure in sentence.figures:
                typed = f"={order}.{number}.{figure.at}" in names and figure.state in (SAME, LOOKS_LIKE)
                if typed or (taken and figure.state == STALE):
                    told.append({"section": order, "key": figure.key, "old": figure.text, "new": figure.new})
                    runs.append(TextRun(figure.new, figure.key))
                else:
                    runs.append(_as_it_was(figure))
        paragraphs.append(runs)
    return bound_text.write_paragraphs(paragraphs)


def _as_it_was(one: TextFigure) -> TextRun:
    return TextRun(one.text, "" if one.state in TYPED else one.key)


@transaction.atomic
def save_outline(
    unit: Unit, year: int, sections: Sequence[OutlineSectionData], *, by: User | None, at: datetime
) -> Outline:
    """The sections of the unit's reviews from a year on, as a whole. Drafts that were begun keep theirs. Raises Refused
    without any section.
    """
    if not sections:
        raise ReviewError("Đề cương phải có ít nhất một mục.")
    outline, _ = Outline.objects.get_or_create(unit=unit, year=year)
    outline.sections.all().delete()
    OutlineSection.objects.bulk_create(
        OutlineSection(
            outline=outline,
            order=order,
            level=one.level,
            key=one.key,
            heading=one.heading,
            block=one.block,
            responsible_id=one.responsible,
            due_days=one.due_days,
        )
        for order, one in enumerate(sections, 1)
    )
    told = {"unit": unit.code, "year": year, "sections": [asdict(section) for section in sections]}
    log.append("outline.save", by=by, subject=f"unit:{unit.pk}", detail=told, at=at)
    return outline


@transaction.atomic
def drop_outline(unit: Unit, year: int, *, by: User | None, at: datetime) -> None:
    """Take the unit's outline of exactly that year away: what held before holds again. Raises Refused."""
    found = Outline.objects.filter(unit=unit, year=year).first()
    if found is None:
        raise ReviewError(f"{unit.name} không có đề cương riêng từ năm {year}.")
    found.delete()
    log.append(
        "outline.drop", by=by, subject=f"unit:{unit.pk}", detail={"unit": unit.code, "year": year}, at=at
    )


@transaction.atomic
def save_phrase(key: str, written: dict[str, Any], *, by: User | None, at: datetime) -> StoredPhrase:
    """Write a phrase over that of the same key, or a new one; `written` names fields of StoredPhrase. Raises
    reports.review_text.phrases.PhraseError for a text or condition that cannot be read.
    """
    phrases.check_phrase(written["text"], is_fact_name)
    phrases.check_conditions(written["conditions"], is_fact_name)
    stamp = {"changed_by": str(by) if by else log.SYSTEM, "changed_at": at}
    phrase, _ = StoredPhrase.objects.update_or_create(key=key, defaults={**written, **stamp})
    log.append("phrase.save", by=by, subject=f"phrase:{key}", detail=dict(written), at=at)
    return phrase


@transaction.atomic
def drop_phrase(key: str, *, by: User | None, at: datetime) -> None:
    """Take back what was written under a key. Raises Refused where nothing was."""
    found = StoredPhrase.objects.filter(key=key).first()
    if found is None:
        raise ReviewError("Câu này đang là mẫu gốc.")
    told = {"text": found.text, "conditions": found.conditions}
    found.delete()
    log.append("phrase.drop", by=by, subject=f"phrase:{key}", detail=told, at=at)


GO_ON = "Tiếp tục thực hiện: "


@transaction.atomic
def open_full_draft(
    unit: Unit, period: Period, *, by: User | None, at: datetime, demo: bool, **more: Any
) -> Review:
    """Open a draft with everything that the figures say. Raises Refused while another draft of the same is open. `more`
    as reports.drafting.actions.open_draft takes it; the figures of the same moment give the same text.
    """
    sections = sections_for_review(unit, period)
    review = open_draft(unit, period, by=by, at=at, sections=sections, **more)
    doc = document.build_document(review, demo=demo)
    known, said = document.document_facts(doc), phrases_in_use()
    text = draft_sections(doc, known, said)
    bodies = {
        section.pk: (section.heading, text[section.key])
        for section in review.sections.all()
        if section.key in text
    }
    tasks = _tasks(previous_tasks(unit, period), proposed_tasks(doc, known, said), _next_end(period))
    return edit_draft(review, by=by, at=at, bodies=bodies, tasks=tasks)


def _tasks(last: Sequence[PlanTask], proposed: Sequence[str], end: date | None) -> list[TaskText]:
    """What was set last time and is not done, then what the figures ask for; none twice."""
    undone = [one for one in last if one.outcome != TaskOutcome.DONE]
    found = [TaskText(_again(one.text), one.responsible, end, one.unit_id) for one in undone]
    there = tuple(one.text.removeprefix(GO_ON).casefold() for one in undone)
    new = [text for text in proposed if not any(one.startswith(text.casefold()) for one in there)]
    return found + [TaskText(text, deadline=end) for text in new]


def _again(text: str) -> str:
    return text if text.startswith("Tiếp tục") else GO_ON + text


def _next_end(period: Period) -> date | None:
    """The last day of the next period: by when tasks are proposed to be done."""
    try:
        return stored_calendar().bounds(period.shifted(len(period.months)))[1]
    except PeriodError:
        return None
