"""What a leader should know before closing the figures of a review: what is incomplete, or not as the counts say."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from figures.summary import Summary
from figures.writing import count, day
from reports.models import Review
from reports.queries.asking import open_points

from .bound import Marked, States, states
from .odd_months import odd_months

MOST_TOLD = 5


@dataclass(frozen=True)
class Point:
    """Something to see to, and where: "edit" (what stands around the sections), "units" (the annex by unit), "2" (a
    section by its order), "" where no one place answers.
    """

    text: str
    aim: str = ""


def before_signing(review: Review, doc: dict[str, Any], on: date) -> list[str]:
    """What a leader should know before closing the figures on a day; each can be passed with a reason."""
    lacking = [point.text for point in incomplete(review, doc, on)]
    return lacking + open_points(review) + _figures(states(doc))


def incomplete(review: Review, doc: dict[str, Any], on: date) -> list[Point]:
    """What a document lacks on a day, its figures in the text apart (bound.states)."""
    total = Summary.from_dict(doc["figures"]).total
    told = []
    end = date.fromisoformat(doc["review"]["to"])
    if on <= end:
        early = f"Kỳ báo cáo chưa kết thúc (đến hết ngày {day(end)}): số liệu chưa so được với cùng kỳ."
        told.append(Point(early))
    if not total.completeness.complete:
        units = ", ".join(ones[0].name or key for key, ones in total.completeness.by_unit().items())
        told.append(Point(f"Còn thiếu báo cáo ({total.completeness.text()}): {units}.", "units"))
    odd = odd_months(review)
    if odd:
        told.append(Point(f"Cảnh báo số liệu chưa giải trình ({count(len(odd))}): {_some(odd)}.", "units"))
    if any(share.partial for share in total.shares.values()):
        blank = "Có báo cáo để trống một hình thức tiếp nhận: tỷ lệ theo hình thức chưa đủ."
        told.append(Point(blank, "units"))
    lacking = [words for name, words in _HEADER.items() if not doc["header"].get(name)]
    if lacking:
        told.append(Point(f"Chưa ghi: {', '.join(lacking)}.", "edit"))
    if not any(line.strip() for line in doc["signer"]["lines"]):
        told.append(Point("Chưa ghi thẩm quyền ký.", "edit"))
    if not doc["recipients"]:
        told.append(Point("Chưa ghi nơi nhận.", "edit"))
    empty = _empty(doc)
    if empty:
        names = "; ".join(doc["sections"][order - 1]["heading"] for order in empty)
        told.append(Point(f"Mục chưa có nội dung: {names}.", str(empty[0])))
    if doc["tasks"] and any(not task["deadline"] or not task["responsible"] for task in doc["tasks"]):
        told.append(Point("Có nhiệm vụ chưa ghi đơn vị thực hiện hoặc thời hạn.", "edit"))
    return told


def _figures(now: States) -> list[str]:
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


def _place(one: Marked) -> str:
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
