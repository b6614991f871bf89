"""Writes the open data package as a folder or an archive."""

import csv
import json
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.timezone import localtime

from core.db.snapshot import snapshot
from figures.summary import canonical_json
from records.calendar.queries import stored_calendar
from reports.models import Review, ReviewState
from spreadsheets.table_file import escape_formula

from .tables import TABLES, DataTable

# The tables of units, successions, catalogue and counts are what our own commands import. Only approved figures
# and issued reviews are in it.

DESCRIPTOR = "datapackage.json"


class FolderNotEmpty(Exception):
    """The folder holds something already."""


@snapshot()
def write_package(folder: Path, *, at: datetime) -> dict[str, int]:
    """All files into a new or empty folder; rows by table. Raises NotEmpty, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FolderNotEmpty(f"Thư mục {folder} không trống.")
    counted = {table.name: _rows(folder / table.path, table) for table in TABLES}
    reviews = list(_reviews(folder))
    descriptor = json.dumps(_descriptor(reviews, at), ensure_ascii=False, indent=1)
    (folder / DESCRIPTOR).write_text(descriptor, encoding="utf-8")
    return counted | {"reviews_data": len(reviews)}


def write_archive(folder: Path, target: IO[bytes]) -> None:
    """The files of a folder as one archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))


def _rows(path: Path, table: DataTable) -> int:
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in table.fields])
        for row in table.rows():
            writer.writerow([escape_formula(cell) if isinstance(cell, str) else cell for cell in row])
            written += 1
    return written


def _reviews(folder: Path) -> Iterable[dict[str, Any]]:
    """The frozen data of issued reviews, each a file as it was frozen."""
    for review in Review.objects.filter(state=ReviewState.ISSUED).order_by("pk").iterator(20):
        name = f"review-{review.pk}"
        path = folder / "reviews" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(canonical_json(review.frozen))
        yield {
            "name": name,
            "path": f"reviews/{name}.json",
            "title": review.title,
            "format": "json",
            "mediatype": "application/json",
            "hash": f"sha256:{review.frozen_sha256}",
        }


def _descriptor(reviews: Iterable[dict[str, Any]], at: datetime) -> dict[str, Any]:
    rules = stored_calendar().rules
    found: dict[str, Any] = {
        "profile": "data-package",
        "name": "cai-cach-hanh-chinh",
        "title": "Số liệu cải cách hành chính",
        "description": (
            "Báo cáo tháng đã duyệt của các đơn vị, chỉ tiêu khác và số liệu đã chốt của các báo cáo sơ kết, tổng kết "
            "đã phát hành. Ô trống là chưa báo cáo, khác với 0. Số tồn đầu kỳ lấy của tháng đầu, số đang giải quyết "
            "lấy của tháng cuối, không cộng dồn; tỷ lệ = tổng tử số ÷ tổng mẫu số."
        ),
        "created": localtime(at).isoformat(timespec="seconds"),
        "keywords": ["cải cách hành chính", "thủ tục hành chính", "Việt Nam"],
        "cutoff_rules": [{"first_month": str(rule.first), "day": rule.day} for rule in rules],
        "demo": settings.DEMO,
        "resources": [*(table.resource() for table in TABLES), *reviews],
    }
    if settings.OPEN_LICENCE:
        name, _, path = settings.OPEN_LICENCE.partition(" ")
        found["licenses"] = [{"name": name} | ({"path": path.strip()} if path.strip() else {})]
    return found
