"""The open data page, and the package written as a folder or an archive."""

import csv
import json
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from core import clock
from core.database import snapshot
from core.web import Right, attachment, requires
from figures.summary import canonical_json
from records.calendar.queries import stored_calendar
from records.models import DossierCount, State
from reports.models import Review, ReviewState
from spreadsheets.table_writer import escape_formula
from units.access.queries import is_root_administrator

from . import tables as open_data_tables
from .tables import TABLES, DataTable

# The import commands read the tables of units, successions, catalogue and counts.

DESCRIPTOR = "datapackage.json"


class FolderNotEmpty(Exception):
    """The folder is not empty."""


@snapshot()
def write_package(folder: Path, *, at: datetime) -> dict[str, int]:
    """Write all files into a new or empty folder; returns rows by table. Raises FolderNotEmpty, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FolderNotEmpty(f"Thư mục {folder} không trống.")
    row_counts = {table.name: _rows(folder / table.path, table) for table in TABLES}
    reviews = list(_reviews(folder))
    descriptor = json.dumps(_descriptor(reviews, at), ensure_ascii=False, indent=1)
    (folder / DESCRIPTOR).write_text(descriptor, encoding="utf-8")
    return row_counts | {"reviews_data": len(reviews)}


def write_archive(folder: Path, target: IO[bytes]) -> None:
    """Zip the files of a folder."""
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
    """Write the frozen data of each issued review; yields the resources."""
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
    descriptor: dict[str, Any] = {
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
        descriptor["licenses"] = [{"name": name} | ({"path": path.strip()} if path.strip() else {})]
    return descriptor


# Writing more rows than this takes longer than a request may: then export_open_data is needed.
MOST_ROWS = 200_000


def _only_roots(request: HttpRequest) -> None:
    if not is_root_administrator(request.user, request.day):
        raise PermissionDenied("Chỉ người quản trị của đơn vị cao nhất tải được dữ liệu mở của cả hệ thống.")


@requires(Right.MANAGE)
@require_safe
def open_data(request: HttpRequest) -> HttpResponse:
    """The contents of the package and its download link."""
    _only_roots(request)
    return _page(request)


def _page(request: HttpRequest, status: int = 200) -> HttpResponse:
    tables = [
        (table.path, table.title, [field.name for field in table.fields]) for table in open_data_tables.TABLES
    ]
    context = {"tables": tables, "licence": settings.OPEN_LICENCE, "large": _large(), "most": MOST_ROWS}
    return render(request, "reports/open_data/open_data.html", context, status=status)


@requires(Right.MANAGE)
@require_safe
def open_data_zip(request: HttpRequest) -> HttpResponseBase:
    """The archive; for too large a database the page with the command to use (422)."""
    _only_roots(request)
    if _large():
        return _page(request, status=422)
    target = tempfile.TemporaryFile()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "du-lieu-mo"
        write_package(folder, at=clock.now())
        write_archive(folder, target)
    target.seek(0)
    return attachment(FileResponse(target, content_type="application/zip"), f"du-lieu-mo-{request.day}.zip")


def _large() -> bool:
    # Cheaper than counting all rows.
    rows = DossierCount.objects.filter(edition__state=State.APPROVED)
    return rows.values("pk")[MOST_ROWS : MOST_ROWS + 1].exists()
