"""Every figure in the text of a PDF is in its frozen data, or marked there as typed without a source.

Left out: days and years, numbers of documents, sections, pages, rows and columns, and the address of /verify/. The sums
of form II.06a are added up again from the frozen counts.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from figures.formatting import format_count, format_decimal, format_percent
from figures.rounding import point_difference
from reports import document
from reports.drafting import actions
from reports.printing import copies
from reports.review_text import typed_numbers
from tests.reports.pdf.test_review_pdf import run
from tests.support.loaded_demo import NOW

SUMS = (
    ("received_direct", "received_postal"),
    ("received_online", "received_direct", "received_postal", "opening"),
    ("resolved_early", "resolved_on_time", "resolved_late", "withdrawn"),
    ("resolved_on_time", "withdrawn"),
    ("pending_in_time", "awaiting"),
    ("pending_in_time", "awaiting", "pending_late"),
)


def frozen(review, tmp_path) -> tuple[str, dict]:
    """The text of a review's PDF, and its attached data."""
    path = tmp_path / "review.pdf"
    closed = copies.draw_frozen_copy(document.build_document(review, demo=True), at=NOW, qr=False)
    path.write_bytes(closed.content)
    return run("pdftotext", str(path), "-"), json.loads(json.dumps(closed.document))


def printed_numbers(doc: dict) -> set[str]:
    """Every number that can be printed from the frozen data."""
    numbers: set[str] = set()
    for data in _dicts(doc):
        if "counts" in data and "rates" in data:
            counts = data["counts"]
            numbers |= {format_count(value) for value in counts.values()}
            numbers |= {format_count(sum(counts[name] or 0 for name in names)) for names in SUMS}
            shares = [data["shares"][name]["percent"] for name in ("direct", "online", "postal")]
            # The footnote on rounding: the sum of the printed shares.
            numbers.add(format_percent(f"{sum(Decimal(share) for share in shares if share):f}"))
        for name, value in data.items():
            if isinstance(value, int):
                numbers.add(format_count(value))
            if name in ("percent", "target", "before_percent", "value") and isinstance(value, str):
                numbers |= (
                    {number.text for number in typed_numbers.find_numbers(format_percent(value))}
                    if value[:1].isdigit()
                    else set()
                )
            if name in ("text", "known") and isinstance(value, str):
                numbers |= {_bare(number.text) for number in typed_numbers.find_numbers(value, begins=False)}
    return numbers | set(_gaps(doc))


def _dicts(data) -> Iterator[Mapping]:
    if isinstance(data, dict):
        yield data
        data = list(data.values())
    for item in data if isinstance(data, list) else ():
        yield from _dicts(item)


def _gaps(doc: dict) -> Iterator[str]:
    """Differences to targets, computed again."""
    tiers = [
        *doc["figures"]["tiers"],
        *doc["last_year"]["tiers"],
        doc["figures"]["total"],
        doc["last_year"]["total"],
    ]
    rates = [rate for tier in tiers for rate in (*tier["shares"].values(), *tier["rates"].values())]
    shown = {rate["percent"] for rate in (*rates, *doc["indicators"]) if rate["percent"]}
    for new in shown:
        for old in {goal["percent"] for goal in doc["targets"]} | {
            indicator["target"] for indicator in doc["indicators"]
        } - {None}:
            yield format_decimal(point_difference(new, old).lstrip("-"))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _bare(text: str) -> str:
    """A rise or fall without its words: "tăng 6,3 điểm phần trăm" is 6,3."""
    return "".join(sign for sign in text if sign.isdigit() or sign in ".,%").strip(".,")


def outside(text: str, doc: dict) -> set[str]:
    """The figures of a text that are neither in the data nor marked as without a source."""
    rows = max(len(doc["figures"]["rows"]), 13)
    sourced = printed_numbers(doc) | {number["text"] for number in doc["typed"]}
    sourced |= {str(row) for row in range(1, rows + 1)}
    flat = re.sub(r"https?://\S+", " ", _flat(text))
    for section in doc["sections"]:
        flat = flat.replace(_flat(section["heading"]), " ")
    return {_bare(number.text) for number in typed_numbers.find_numbers(flat, begins=False)} - sourced


def test_every_figure_of_the_demo_is_in_its_frozen_data(review, tmp_path):
    text, doc = frozen(review, tmp_path)
    assert len(typed_numbers.find_numbers(" ".join(text.split()))) > 700
    assert sorted(outside(text, doc)) == []


def test_what_is_typed_is_marked_in_the_data_and_in_print(review, tmp_path):
    section = review.sections.get(order=2)
    actions.edit_draft(
        review, by=None, at=NOW, bodies={section.pk: (section.heading, "Đã phát 47.123 tờ rơi, đạt 61,37%.")}
    )
    text, doc = frozen(review, tmp_path)
    assert {number["text"] for number in doc["typed"]} == {"47.123", "61,37%"}
    assert outside(text, doc) == set()
    assert outside(text, doc | {"typed": []}) == {"47.123", "61,37%"}
    flat = " ".join(text.split())
    assert (
        "Số do người soạn ghi, không lấy từ số liệu của hệ thống: 47.123; 61,37% (1. Công tác chỉ đạo" in flat
    )
