"""The data as an open package that outlives the system: CSV files with a Data Package descriptor
(datapackage.json, specs.frictionlessdata.io). No names of people: who entered, sent or approved stays here, and
so does what was said for a number.
"""

import csv
import json
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.timezone import localtime

from figures.summary import canonical
from records.queries.calendar import calendar
from reports.models import Review, ReviewState
from units.snapshot import snapshot
from units.tablefile import harmless

from .schema import Table
from .tables import TABLES

# The tables of units, successions, catalogue and counts are what our own commands import. Only approved figures
# and issued reviews are in it.

DESCRIPTOR = "datapackage.json"


class NotEmpty(Exception):
    """The folder holds something already."""


@snapshot()
def write(folder: Path, *, at: datetime) -> dict[str, int]:
    """All files into a new or empty folder; rows by table. Raises NotEmpty, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NotEmpty(f"Thư mục {folder} không trống.")
    counted = {table.name: _rows(folder / table.path, table) for table in TABLES}
    reviews = list(_reviews(folder))
    descriptor = json.dumps(_descriptor(reviews, at), ensure_ascii=False, indent=1)
    (folder / DESCRIPTOR).write_text(descriptor, encoding="utf-8")
    return counted | {"reviews_data": len(reviews)}


def zipped(folder: Path, target: IO[bytes]) -> None:
    """The files of a folder as one archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))


def _rows(path: Path, table: Table) -> int:
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in table.fields])
        for row in table.rows():
            writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
            written += 1
    return written


def _reviews(folder: Path) -> Iterable[dict[str, Any]]:
    """The frozen data of issued reviews, each a file as it was frozen."""
    for review in Review.objects.filter(state=ReviewState.ISSUED).order_by("pk").iterator(20):
        name = f"review-{review.pk}"
        path = folder / "reviews" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(canonical(review.frozen))
        yield {
            "name": name,
            "path": f"reviews/{name}.json",
            "title": review.title,
            "format": "json",
            "mediatype": "application/json",
            "hash": f"sha256:{review.frozen_sha256}",
        }


def _descriptor(reviews: Iterable[dict[str, Any]], at: datetime) -> dict[str, Any]:
    rules = calendar().rules
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
