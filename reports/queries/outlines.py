"""The outline that a review starts with: that of its unit, else of the nearest unit above, for its year."""

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from figures.periods import Period
from records.queries.calendar import calendar
from reports.models import Outline, Review
from units.models import Unit

# What may be drawn after a section, with its name.
BLOCKS = {
    "": "Không có",
    "channels": "Biểu đồ, bảng tiếp nhận và giải quyết hồ sơ, so với cùng kỳ và chỉ tiêu, đơn vị thiếu báo cáo",
    "indicators": "Bảng chỉ tiêu",
    "outcomes": "Bảng nhiệm vụ kỳ trước và kết quả",
    "tasks": "Nhiệm vụ kỳ tới",
}


@dataclass(frozen=True)
class Section:
    """A section of an outline as data; `responsible` is the number of a unit, `due_days` counts from a period's end."""

    heading: str
    level: int = 1
    key: str = ""
    block: str = ""
    responsible: int | None = None
    due_days: int | None = None


@dataclass(frozen=True)
class InForce:
    """The outline that holds for a unit and year; `of` None is that which the product brings along."""

    sections: tuple[Section, ...]
    of: Outline | None = None


def in_force(unit: Unit, year: int) -> InForce:
    """The newest outline of the unit up to a year, else that of the nearest unit above it. Two queries."""
    above = [unit.pk, *reversed(unit.ancestor_ids())]
    stored = Outline.objects.filter(unit__in=above, year__lte=year).select_related("unit")
    found = min(stored, key=lambda one: (above.index(one.unit_id), -one.year), default=None)
    if found is None:
        return InForce(brought_sections())
    rows = found.sections.values_list("heading", "level", "key", "block", "responsible", "due_days")
    return InForce(tuple(Section(*row) for row in rows), found)


def for_review(unit: Unit, period: Period) -> list[dict]:
    """The sections of a new review, as the action takes them. Who is responsible for a unit above is not
    asked by one below it.
    """
    end = calendar().bounds(period)[1]
    found = in_force(unit, period.last.year).sections
    within = _within(unit, {one.responsible for one in found if one.responsible})
    return [
        {
            "key": one.key,
            "level": one.level,
            "heading": heading(one.heading, period),
            "block": one.block,
            "responsible": one.responsible if one.responsible in within else None,
            "due_on": due_on(one, end),
        }
        for one in found
    ]


def due_on(section: Section, end: date) -> date | None:
    """The day by which a section's content is due for a period that ends on a day."""
    return None if section.due_days is None else end + timedelta(days=section.due_days)


def heading(text: str, period: Period) -> str:
    """A heading for a period: "KỲ TỚI" is named where the next one has a name of its own."""
    after = period.last.year + 1
    names = {"H1": "6 THÁNG CUỐI NĂM", "H2": f"6 THÁNG ĐẦU NĂM {after}"}
    named = f"NĂM {after}" if period.kind == "year" else names.get(period.code[5:], "")
    return text.replace("KỲ TỚI", named) if named else text


def offices(unit: Unit, on: date) -> list[Unit]:
    """Who may be responsible for a section: the unit and those directly below it that are there on a day."""
    below = Unit.objects.filter(parent=unit).active_on(on).order_by("kind", "name")
    return [unit, *below]


def drafts_of(unit: Unit, year: int) -> int:
    """How many reviews of the year the unit has begun: a changed outline leaves them as they are."""
    return Review.objects.filter(unit=unit, period__startswith=str(year)).count()


@lru_cache
def brought_sections() -> tuple[Section, ...]:
    """The outline that the product brings along."""
    path = Path(settings.BASE_DIR) / "fixtures" / "outline.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["sections"]
    return tuple(replace(Section(row["heading"]), **row) for row in rows)


def _within(unit: Unit, numbers: set[int]) -> set[int]:
    """Those of some units that are the unit or stand below it; no query where none is asked for."""
    if not numbers:
        return set()
    rows = Unit.objects.filter(pk__in=numbers, path__startswith=unit.path)
    return set(rows.values_list("pk", flat=True))
