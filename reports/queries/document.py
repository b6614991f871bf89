"""The review as one piece of plain data: what is frozen, attached to its PDF and verified later.

Everything that page and print show of a review comes from this document, never from the live database beside it, so
that an issued review cannot change when a month is corrected.
"""

import hashlib
from datetime import date
from typing import Any

from figures import narrative
from figures.periods import Calendar, Period
from figures.summary import Summary, canonical
from figures.writing import tier_name
from ledger import log
from records.queries.calendar import calendar as stored_calendar
from records.queries.summary import summary
from reports.models import Review
from reports.queries import targets
from units.models import Unit

FORMAT = "cchc-review/1"
# Grows with every change of the printed form, so that a frozen review says by which form it was drawn.
TEMPLATE = "bao-cao-30/1"


def build(review: Review, *, demo: bool, anchor: tuple[int, str] | None = None) -> dict[str, Any]:
    """The document of a review as the database stands now: JSON data only, numbers as integers, rates as text.

    demo: whether its figures are marked as constructed. anchor: (sequence, hash) of the log's head; asked when None.
    """
    period, calendar = Period.parse(review.period), stored_calendar()
    start, end = calendar.bounds(period)
    now = _summary(review, period, calendar, by="unit")
    before = _summary(review, period.same_last_year(), calendar)
    sequence, hash_ = anchor or log.head()
    sections, tasks = list(review.sections.all()), list(review.tasks.select_related("unit"))
    return {
        "format": FORMAT,
        "template": TEMPLATE,
        "demo": demo,
        "review": _names(review, period, start, end),
        "header": _header(review, end),
        "signer": {"lines": list(review.signer.get("lines", ())), "name": review.signer.get("name", "")},
        "recipients": list(review.recipients),
        "figures": now.as_record(),
        "unit_tiers": _tiers_of_rows(review.unit, now, start, end),
        "by_field": [
            {"tier": tier, "figures": _summary(review, period, calendar, by="field", tier=tier).as_record()}
            for tier, _ in now.tiers
        ],
        "last_year": before.as_record(),
        "targets": targets.rate_targets(review.unit, end),
        "indicators": targets.indicators(review.unit, period, review.decimals),
        "drafted": drafted(now, before),
        "sections": [_section(section) for section in sections],
        "tasks": [_task(task) for task in tasks],
        "log": {"sequence": sequence, "hash": hash_},
    }


def drafted(now: Summary, before: Summary | None) -> dict[str, list[str]]:
    """Sentences made from the figures, by the block in which they stand."""
    told = []
    for tier, one in now.tiers:
        received = narrative.channel_sentence(tier_name(tier), one, now.period.end)
        told.append(f"{received} {narrative.resolved_sentence(tier_name(tier), one)}".strip())
    told.append(_together(now, before))
    return {
        "channels": [sentence for sentence in told if sentence] or ["Chưa có số liệu được duyệt trong kỳ."],
        "completeness": [
            sentence
            for sentence in [narrative.completeness_sentence(now.total.completeness, now.period.one_month)]
            if sentence
        ],
    }


def content_version(review: Review) -> str:
    """A short mark of the text as it stands now, for the lock of the edit page."""
    text = {
        "title": review.title,
        "header": review.header,
        "signer": review.signer,
        "recipients": review.recipients,
        "sections": [[one.pk, one.heading, one.body] for one in review.sections.all()],
        "tasks": [[one.pk, *_task(one).values()] for one in review.tasks.all()],
    }
    return sha256(text)[:16]


def seen_version(doc: dict[str, Any]) -> str:
    """A short mark of a document, its text and figures: what a leader has read before closing it. Where the log stood
    is no part of it.
    """
    return sha256(doc | {"log": None})[:16]


def sha256(data: Any) -> str:
    """SHA-256 of data in its canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(data)).hexdigest()


def _summary(review: Review, period: Period, calendar: Calendar, **asked: Any) -> Summary:
    return summary(review.unit, period, decimals=review.decimals, calendar=calendar, **asked)


def _together(now: Summary, before: Summary | None) -> str:
    """All tiers together against the same period last year."""
    if len(now.tiers) < 2:
        return ""
    told = [narrative.change(key, now, before).rstrip(".") for key in ("online", "on_time")]
    told = [text[0].lower() + text[1:] for text in told if text]
    return f"Tính chung các cấp, {'; '.join(told)}." if told else ""


def _names(review: Review, period: Period, start: date, end: date) -> dict[str, Any]:
    return {
        "number": review.pk,
        "title": review.title,
        "unit": review.unit.code,
        "unit_name": review.unit.name,
        "issuer_name": f"UBND {review.unit.name}",
        "period": period.code,
        "period_label": period.label,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "decimals": review.decimals,
    }


def _header(review: Review, end: date) -> dict[str, Any]:
    given = review.header
    parent = review.unit.parent
    symbol = given.get("symbol") or "BC-UBND"
    return {
        "superior": [line for line in given.get("superior", "").splitlines() if line.strip()],
        "issuer": [line for line in given.get("issuer", "").splitlines() if line.strip()]
        or ["ỦY BAN NHÂN DÂN", review.unit.name.upper()],
        "number_form": f"/{symbol}",
        "place": given.get("place") or place_name(review.unit.name),
        "year": str(given.get("year") or end.year),
        "receiver": given.get("receiver") or (f"UBND {parent.name}" if parent else ""),
        **{
            name: given.get(name, "")
            for name in ("opening", "closing", "meeting_day", "meeting_place", "chaired", "attended")
        },
    }


def place_name(name: str) -> str:
    """The name of a unit's place without its kind: "thị trấn Tân Thanh" → "Tân Thanh"."""
    words = name.split()
    while len(words) > 1 and words[0].islower():
        words = words[1:]
    return " ".join(words)


def _section(section) -> dict[str, Any]:
    paragraphs = [" ".join(part.split()) for part in section.body.replace("\r\n", "\n").split("\n\n")]
    return {
        "level": section.level,
        "heading": section.heading,
        "paragraphs": [paragraph for paragraph in paragraphs if paragraph],
        "block": section.block,
    }


def _task(task) -> dict[str, Any]:
    return {
        "text": task.text,
        "responsible": task.responsible or (task.unit.name if task.unit else ""),
        "deadline": task.deadline.isoformat() if task.deadline else "",
    }


def _tiers_of_rows(unit: Unit, summary: Summary, start: date, end: date) -> dict[str, str]:
    """Row key → tier, for rows that are one reporting unit; "" for rows that are groups of several tiers."""
    below = Unit.objects.filter(parent=unit).active_within(start, end)
    known = {one.key_on(end): "" if one.has_children else one.tier for one in [*below, unit]}
    if not unit.has_children:
        known[unit.key_on(end)] = unit.tier
    return {row.key: known.get(row.key, "") for row in summary.rows}
