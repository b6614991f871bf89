"""The open data page and its download."""

import tempfile
from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock
from core.web.rights import Right, requires
from records.models import DossierCount, State
from units.access.queries import is_root_administrator

from . import tables as open_data_tables
from .files import write_archive, write_package

# More rows than this take longer than a request may: the command writes them.
MOST_ROWS = 200_000


def _only_roots(request: HttpRequest) -> None:
    if not is_root_administrator(request.user, request.day):
        raise PermissionDenied("Chỉ người quản trị của đơn vị cao nhất tải được dữ liệu mở của cả hệ thống.")


@requires(Right.MANAGE)
@require_safe
def open_data(request: HttpRequest) -> HttpResponse:
    """What the package holds, with its download."""
    _only_roots(request)
    return _page(request)


def _page(request: HttpRequest, status: int = 200) -> HttpResponse:
    tables = [(one.path, one.title, [field.name for field in one.fields]) for one in open_data_tables.TABLES]
    context = {"tables": tables, "licence": settings.OPEN_LICENCE, "large": _large(), "most": MOST_ROWS}
    return render(request, "reports/open_data/open_data.html", context, status=status)


@requires(Right.MANAGE)
@require_safe
def open_data_zip(request: HttpRequest) -> HttpResponseBase:
    """The archive; of a database that is too large the page says how to make it (422)."""
    _only_roots(request)
    if _large():
        return _page(request, status=422)
    target = tempfile.TemporaryFile()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "du-lieu-mo"
        write_package(folder, at=clock.now())
        write_archive(folder, target)
    target.seek(0)
    response = FileResponse(target, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="du-lieu-mo-{request.day}.zip"'
    return response


def _large() -> bool:
    """Asked without counting all of them."""
    rows = DossierCount.objects.filter(edition__state=State.APPROVED)
    return rows.values("pk")[MOST_ROWS : MOST_ROWS + 1].exists()
