"""The condition of the system, for administrators."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports.outlets.condition import NOBODY, silent_file, tried_file
from reports.queries import condition
from units import access
from units.access import Right, requires
from units.tablefile import file_of

MOST_LISTED = 50


@requires(Right.MANAGE)
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Silent units and failed sign-ins of what the reader administers; of the top of the tree also timers, queues,
    disk, log and version. The clock is the real one, in the demo too: timers and sign-ins go by it.
    """
    at, day = timezone.now(), request.day
    top = access.is_root_administrator(request.user, day)
    month = condition.latest_month(day)
    silent = condition.silent(request.user, month, day)
    tried = condition.tried(request.user, day, at, all_names=top)
    tables = {
        "chua-gui": lambda: silent_file(silent, month, at),
        "dang-nhap-sai": lambda: tried_file(tried, at),
    }
    if file := file_of(request, tables):
        return file
    context = {
        "at": at,
        "whole": condition.whole(at) if top else None,
        "month": month,
        "silent": silent[:MOST_LISTED],
        "silent_count": silent.count(),
        "most": MOST_LISTED,
        "tried": tried[:MOST_LISTED],
        "tried_count": sum(one.times for one in tried),
        "nobody": NOBODY,
    }
    return render(request, "reports/status.html", context)
