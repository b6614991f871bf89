"""Opens, edits and replaces drafts, stores sections, accepts new figures, and changes outlines and phrases."""

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
    """A task as typed; `unit` is the id of the responsible unit."""

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
    """The issuer, first and last sentence of a new draft. An office's name goes below that of its committee (decree
    30/2020).
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
    """Open a draft for a unit and period. `units_of`: figures by the units of that day, with the history of their
    predecessors. Raises ReviewError while another draft of that unit and period is open.
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
    detail = {"unit": unit.code, "period": period.code, "title": review.title, "units_of": units_of}
    log_change("review.draft", review, by, at, detail)
    return review


def _write_sections(review: Review, sections: Iterable[Mapping[str, Any]]) -> None:
    ReviewSection.objects.bulk_create(
        ReviewSection(
            review=review,
            order=order,
            level=section.get("level", 1),
            heading=section["heading"],
            body=section.get("body", ""),
            block=section.get("block", ""),
            key=section.get("key", ""),
            responsible_id=section.get("responsible"),
            due_on=section.get("due_on"),
        )
        for order, section in enumerate(sections, 1)
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
    """Change the text of a draft; None leaves a part unchanged. `bodies`: section id → heading, text. Tasks are
    replaced as a whole. Raises ReviewError for a frozen review, StaleReview when `version` (document.header_version)
    is outdated.
    """
    review = lock_open_review(review)
    if version is not None and version != header_version(review):
        raise StaleReview("Người khác vừa sửa báo cáo này.")
    values = {"title": title, "header": header, "signer": signer, "recipients": recipients}
    for name, value in values.items():
        if value is not None:
            setattr(review, name, list(value) if name == "recipients" else value)
    review.save(update_fields=[name for name, value in values.items() if value is not None] or ["title"])
    for section in review.sections.filter(pk__in=bodies or ()):
        section.heading, section.body = (bodies or {})[section.pk]
        section.save(update_fields=["heading", "body"])
    if tasks is not None:
        previous = {(task.text, task.unit_id): task for task in review.tasks.all()}
        review.tasks.all().delete()
        PlanTask.objects.bulk_create(
            PlanTask(
                review=review,
                order=order,
                text=task.text,
                responsible=task.responsible,
                deadline=task.deadline,
                unit_id=task.unit,
                **_outcome(previous.get((task.text, task.unit))),
            )
            for order, task in enumerate(tasks, 1)
        )
    changed = [
        name for name, value in {**values, "sections": bodies, "tasks": tasks}.items() if value is not None
    ]
    log_change("review.edit", review, by, at, {"changed": changed})
    return review


def _outcome(before: PlanTask | None) -> dict[str, Any]:
    """The outcome of a task, which replacing the tasks must not lose."""
    names = ("outcome", "outcome_note", "outcome_on", "outcome_by", "outcome_at")
    return {name: getattr(before, name) for name in names} if before else {}


@transaction.atomic
def set_state(review: Review, state: str, *, by: User | None, at: datetime) -> Review:
    """Switch between draft and comment. Raises ReviewError for any other state."""
    review = lock_open_review(review)
    if state not in (ReviewState.DRAFT, ReviewState.COMMENT):
        raise ReviewError("Bước này không chuyển được bằng tay.")
    review.state = state
    review.save(update_fields=["state"])
    log_change("review.state", review, by, at, {"state": state})
    return review


def replace_review(review: Review, *, by: User | None, at: datetime) -> Review:
    """Open a draft with the text of a frozen review, to replace it with newer figures. Raises ReviewError."""
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
    """Store a section as normalized bound text; the log records the old text. The caller checks the figures.

    Raises ReviewError for a frozen review, StaleReview when `version` (queries.section_version) is outdated.
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
    """Write current figures into the text. `names`: "all", "2" (a section by its order) or "2.0.1" (a sentence by its
    name) update stale figures; "=2.0.34" binds a typed number to the figure that it equals or looks like. Raises
    StaleReview when `version` (document.document_version) is outdated, ReviewError when nothing is left to accept.
    """
    review = lock_open_review(review)
    doc = build_document(review, demo=demo)
    if version is not None and version != document_version(doc):
        raise StaleReview(CHANGED)
    figures = text_figures(doc)
    changed: list[dict[str, Any]] = []
    for order, section in enumerate(review.sections.all(), 1):
        section_changes: list[dict[str, Any]] = []
        body = _body(order, figures, set(names), section_changes)
        if section_changes:
            section.body = body
            section.save(update_fields=["body"])
            changed += section_changes
    if not changed:
        raise ReviewError(NOTHING)
    log_change("review.accept", review, by, at, {"figures": changed})
    return review


def _body(order: int, figures: TextFigures, names: set[str], changes: list[dict[str, Any]]) -> str:
    """The text of a section with the accepted figures; `changes` collects them for the log."""
    whole = "all" in names or str(order) in names
    paragraphs = []
    for number, paragraph in enumerate(figures.sections[order - 1]):
        runs: list[TextRun] = []
        for sentence in paragraph:
            accepted = whole or sentence.name in names
            for figure in sentence.figures:
                typed = f"={order}.{number}.{figure.at}" in names and figure.state in (SAME, LOOKS_LIKE)
                if typed or (accepted and figure.state == STALE):
                    changes.append(
                        {"section": order, "key": figure.key, "old": figure.text, "new": figure.new}
                    )
                    runs.append(TextRun(figure.new, figure.key))
                else:
                    runs.append(_unchanged_run(figure))
        paragraphs.append(runs)
    return bound_text.write_paragraphs(paragraphs)


def _unchanged_run(figure: TextFigure) -> TextRun:
    return TextRun(figure.text, "" if figure.state in TYPED else figure.key)


@transaction.atomic
def save_outline(
    unit: Unit, year: int, sections: Sequence[OutlineSectionData], *, by: User | None, at: datetime
) -> Outline:
    """Replace the sections of the unit's new reviews from a year on. Raises ReviewError without any section."""
    if not sections:
        raise ReviewError("Đề cương phải có ít nhất một mục.")
    outline, _ = Outline.objects.get_or_create(unit=unit, year=year)
    outline.sections.all().delete()
    OutlineSection.objects.bulk_create(
        OutlineSection(
            outline=outline,
            order=order,
            level=section.level,
            key=section.key,
            heading=section.heading,
            block=section.block,
            responsible_id=section.responsible,
            due_days=section.due_days,
        )
        for order, section in enumerate(sections, 1)
    )
    detail = {"unit": unit.code, "year": year, "sections": [asdict(section) for section in sections]}
    log.append("outline.save", by=by, subject=f"unit:{unit.pk}", detail=detail, at=at)
    return outline


@transaction.atomic
def drop_outline(unit: Unit, year: int, *, by: User | None, at: datetime) -> None:
    """Delete the unit's outline that starts in the year. Raises ReviewError where there is none."""
    outline = Outline.objects.filter(unit=unit, year=year).first()
    if outline is None:
        raise ReviewError(f"{unit.name} không có đề cương riêng từ năm {year}.")
    outline.delete()
    log.append(
        "outline.drop", by=by, subject=f"unit:{unit.pk}", detail={"unit": unit.code, "year": year}, at=at
    )


@transaction.atomic
def save_phrase(key: str, written: dict[str, Any], *, by: User | None, at: datetime) -> StoredPhrase:
    """Create or replace the phrase of a key; `written` are fields of StoredPhrase. Raises
    reports.review_text.phrases.PhraseError for a text or condition that cannot be parsed.
    """
    phrases.check_phrase(written["text"], is_fact_name)
    phrases.check_conditions(written["conditions"], is_fact_name)
    stamp = {"changed_by": str(by) if by else log.SYSTEM, "changed_at": at}
    phrase, _ = StoredPhrase.objects.update_or_create(key=key, defaults={**written, **stamp})
    log.append("phrase.save", by=by, subject=f"phrase:{key}", detail=dict(written), at=at)
    return phrase


@transaction.atomic
def drop_phrase(key: str, *, by: User | None, at: datetime) -> None:
    """Delete the stored phrase of a key. Raises ReviewError where there is none."""
    phrase = StoredPhrase.objects.filter(key=key).first()
    if phrase is None:
        raise ReviewError("Câu này đang là mẫu gốc.")
    detail = {"text": phrase.text, "conditions": phrase.conditions}
    phrase.delete()
    log.append("phrase.drop", by=by, subject=f"phrase:{key}", detail=detail, at=at)


GO_ON = "Tiếp tục thực hiện: "


@transaction.atomic
def open_full_draft(
    unit: Unit, period: Period, *, by: User | None, at: datetime, demo: bool, **more: Any
) -> Review:
    """Open a draft with text and tasks generated from the figures. `more` and errors as in `open_draft`."""
    sections = sections_for_review(unit, period)
    review = open_draft(unit, period, by=by, at=at, sections=sections, **more)
    doc = document.build_document(review, demo=demo)
    facts, templates = document.document_facts(doc), phrases_in_use()
    text = draft_sections(doc, facts, templates)
    bodies = {
        section.pk: (section.heading, text[section.key])
        for section in review.sections.all()
        if section.key in text
    }
    tasks = _tasks(previous_tasks(unit, period), proposed_tasks(doc, facts, templates), _next_end(period))
    return edit_draft(review, by=by, at=at, bodies=bodies, tasks=tasks)


def _tasks(last: Sequence[PlanTask], proposed: Sequence[str], end: date | None) -> list[TaskText]:
    """The unfinished tasks of the previous review, then the proposed ones, without duplicates."""
    undone = [task for task in last if task.outcome != TaskOutcome.DONE]
    repeated = [TaskText(_again(task.text), task.responsible, end, task.unit_id) for task in undone]
    known_texts = tuple(task.text.removeprefix(GO_ON).casefold() for task in undone)
    new = [
        text
        for text in proposed
        if not any(known_text.startswith(text.casefold()) for known_text in known_texts)
    ]
    return repeated + [TaskText(text, deadline=end) for text in new]


def _again(text: str) -> str:
    return text if text.startswith("Tiếp tục") else GO_ON + text


def _next_end(period: Period) -> date | None:
    """The last day of the next period, the deadline of proposed tasks."""
    try:
        return stored_calendar().bounds(period.shifted(len(period.months)))[1]
    except PeriodError:
        return None
