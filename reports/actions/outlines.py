"""Changing what drafts are made of: the outline of a unit from a year on, and the phrases."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from figures import phrases
from figures.fact_names import is_name
from ledger import log
from reports.models import Outline, OutlineSection, StoredPhrase
from reports.queries.outlines import Section
from units.models import Unit, User

from .common import Refused


@transaction.atomic
def save_outline(
    unit: Unit, year: int, sections: Sequence[Section], *, by: User | None, at: datetime
) -> Outline:
    """The sections of the unit's reviews from a year on, as a whole. Drafts that were begun keep theirs. Raises Refused
    without any section.
    """
    if not sections:
        raise Refused("Đề cương phải có ít nhất một mục.")
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
    told = {"unit": unit.code, "year": year, "sections": [asdict(one) for one in sections]}
    log.append("outline.save", by=by, subject=f"unit:{unit.pk}", detail=told, at=at)
    return outline


@transaction.atomic
def drop_outline(unit: Unit, year: int, *, by: User | None, at: datetime) -> None:
    """Take the unit's outline of exactly that year away: what held before holds again. Raises Refused."""
    found = Outline.objects.filter(unit=unit, year=year).first()
    if found is None:
        raise Refused(f"{unit.name} không có đề cương riêng từ năm {year}.")
    found.delete()
    log.append(
        "outline.drop", by=by, subject=f"unit:{unit.pk}", detail={"unit": unit.code, "year": year}, at=at
    )


@transaction.atomic
def save_phrase(key: str, written: dict[str, Any], *, by: User | None, at: datetime) -> StoredPhrase:
    """Write a phrase over that of the same key, or a new one; `written` names fields of StoredPhrase. Raises
    figures.phrases.PhraseError for a text or condition that cannot be read.
    """
    phrases.check(written["text"], is_name)
    phrases.check_conditions(written["conditions"], is_name)
    stamp = {"changed_by": str(by) if by else log.SYSTEM, "changed_at": at}
    phrase, _ = StoredPhrase.objects.update_or_create(key=key, defaults={**written, **stamp})
    log.append("phrase.save", by=by, subject=f"phrase:{key}", detail=dict(written), at=at)
    return phrase


@transaction.atomic
def drop_phrase(key: str, *, by: User | None, at: datetime) -> None:
    """Take back what was written under a key. Raises Refused where nothing was."""
    found = StoredPhrase.objects.filter(key=key).first()
    if found is None:
        raise Refused("Câu này đang là mẫu gốc.")
    told = {"text": found.text, "conditions": found.conditions}
    found.delete()
    log.append("phrase.drop", by=by, subject=f"phrase:{key}", detail=told, at=at)
