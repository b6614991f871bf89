"""Checks before the figures are closed, and the log anchors of frozen reviews (settings.LEDGER_ANCHORS)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.db import connection

from figures.formatting import format_count, format_day
from figures.periods import Period
from figures.summary import Summary
from ledger.log import Anchor
from records.approval.queries import unexplained_rows
from reports.consultation.queries import open_points
from reports.dashboard import cache as dashboard_cache
from reports.document.text_figures import FigureToCheck, TextFigures, text_figures
from reports.models import Review

KEPT_SECONDS = 600


def odd_months(review: Review) -> list[str]:
    """Each odd row without a reason, in a few words, in the order of units and months. It costs as much as the months
    of all units, so it is kept until the log tells of a change below the unit.
    """
    version = None if connection.in_atomic_block else dashboard_cache.page_version(review.unit_id, "approved")
    whole = repr((str(connection.settings_dict["NAME"]), version, review.unit_id, review.period))
    key = f"odd:{sha256(whole.encode()).hexdigest()}"
    told = cache.get(key) if version else None
    if told is None:
        found = unexplained_rows(review.unit, Period.parse(review.period))
        told = [f"{one.unit}, {one.month.label}, {one.field}: {one.short}" for one in found]
        if version:
            cache.set(key, told, KEPT_SECONDS)
    return told


MOST_TOLD = 5


@dataclass(frozen=True)
class SigningCheck:
    """Something to see to, and where: "edit" (what stands around the sections), "units" (the annex by unit), "2" (a
    section by its order), "" where no one place answers.
    """

    text: str
    aim: str = ""


def before_signing(review: Review, doc: dict[str, Any], on: date) -> list[str]:
    """What a leader should know before closing the figures on a day; each can be passed with a reason."""
    lacking = [point.text for point in incomplete_points(review, doc, on)]
    return lacking + open_points(review) + _figures(text_figures(doc))


def incomplete_points(review: Review, doc: dict[str, Any], on: date) -> list[SigningCheck]:
    """What a document lacks on a day, its figures in the text apart (bound.states)."""
    total = Summary.from_dict(doc["figures"]).total
    told = []
    end = date.fromisoformat(doc["review"]["to"])
    if on <= end:
        early = (
            f"Kỳ báo cáo chưa kết thúc (đến hết ngày {format_day(end)}): số liệu chưa so được với cùng kỳ."
        )
        told.append(SigningCheck(early))
    if not total.completeness.complete:
        units = ", ".join(ones[0].name or key for key, ones in total.completeness.by_unit().items())
        told.append(SigningCheck(f"Còn thiếu báo cáo ({total.completeness.text()}): {units}.", "units"))
    odd = odd_months(review)
    if odd:
        told.append(
            SigningCheck(
                f"Cảnh báo số liệu chưa giải trình ({format_count(len(odd))}): {_some(odd)}.", "units"
            )
        )
    if any(share.partial for share in total.shares.values()):
        blank = "Có báo cáo để trống một hình thức tiếp nhận: tỷ lệ theo hình thức chưa đủ."
        told.append(SigningCheck(blank, "units"))
    lacking = [words for name, words in _HEADER.items() if not doc["header"].get(name)]
    if lacking:
        told.append(SigningCheck(f"Chưa ghi: {', '.join(lacking)}.", "edit"))
    if not any(line.strip() for line in doc["signer"]["lines"]):
        told.append(SigningCheck("Chưa ghi thẩm quyền ký.", "edit"))
    if not doc["recipients"]:
        told.append(SigningCheck("Chưa ghi nơi nhận.", "edit"))
    empty = _empty(doc)
    if empty:
        names = "; ".join(doc["sections"][order - 1]["heading"] for order in empty)
        told.append(SigningCheck(f"Mục chưa có nội dung: {names}.", str(empty[0])))
    if doc["tasks"] and any(not task["deadline"] or not task["responsible"] for task in doc["tasks"]):
        told.append(SigningCheck("Có nhiệm vụ chưa ghi đơn vị thực hiện hoặc thời hạn.", "edit"))
    return told


def _figures(now: TextFigures) -> list[str]:
    """What is to be seen to about the figures in the text."""
    told = []
    if now.stale:
        changes = [f"{one.text} nay là {one.new}" for sentence in now.stale for one in sentence.stale]
        told.append(f"Có {len(now.stale)} câu mang số cũ: {_some(changes)}.")
    if now.lost:
        told.append(f"Số trong lời văn không còn nguồn: {_some(one.figure.text for one in now.lost)}.")
    if now.looks_like:
        differing = [
            f"{one.figure.text} (số liệu: {one.figure.new}; {_place(one)})" for one in now.looks_like
        ]
        told.append(f"Số gõ tay khác số liệu: {_some(differing)}.")
    if now.unsourced:
        bare = [f"{one.figure.text} ({_place(one)})" for one in now.unsourced]
        told.append(f"Số chưa có nguồn: {_some(bare)}.")
    return told


def _place(one: FigureToCheck) -> str:
    return f"{one.where[:60]}…" if len(one.where) > 60 else one.where


def _some(words: Iterable[str]) -> str:
    """The first of some words, and how many more there are."""
    every = list(words)
    more = f" và {len(every) - MOST_TOLD} chỗ khác" if len(every) > MOST_TOLD else ""
    return "; ".join(every[:MOST_TOLD]) + more


_HEADER = {
    "issuer": "cơ quan ban hành",
    "place": "địa danh",
    "opening": "câu mở đầu",
    "closing": "câu kết thúc",
    "meeting_day": "ngày hội nghị",
    "chaired": "người chủ trì",
    "attended": "thành phần dự",
}


def _empty(doc: dict[str, Any]) -> list[int]:
    """The orders of the sections without text, figures or a section of their own below."""
    blocks = {
        "indicators": doc["indicators"],
        "outcomes": doc.get("last_tasks"),
        "tasks": doc["tasks"],
    }
    found, sections = [], doc["sections"]
    for place, one in enumerate(sections, 1):
        has_below = place < len(sections) and sections[place]["level"] > one["level"]
        is_drawn = one["block"] and blocks.get(one["block"], True)
        if not one["paragraphs"] and not is_drawn and not has_below:
            found.append(place)
    return found


def log_anchors() -> list[Anchor]:
    """(sequence, hash, where) of every frozen review; one whose data cannot be read counts as a wrong anchor."""
    found = []
    for number, frozen in Review.objects.filter(frozen_at__isnull=False).values_list("pk", "frozen"):
        kept = frozen.get("log", {}) if isinstance(frozen, dict) else {}
        found.append(
            Anchor(int(kept.get("sequence", 0)), str(kept.get("hash", "")), f"báo cáo số {number} đã chốt")
        )
    return found
