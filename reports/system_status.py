"""The status page for administrators: missing reports, failed sign-ins, timers, queues and the version."""

import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import sessions
from accounts.models import User
from core.web import Right, requires
from figures.periods import Month, Period
from ledger import health, log, timer_runs
from records.calendar.queries import stored_calendar
from records.submissions import month_status
from spreadsheets.table_writer import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import is_root_administrator, managed_condition, managed_people
from units.models import Unit

# What is of the whole installation (timers, queues, disk, log, version) is for administrators of the top of the
# tree; others are told of the units and people that they administer.

DAY = timedelta(days=1)


@dataclass(frozen=True)
class TimerStatus:
    """A timer's work: its last run, and whether it has not gone well for too long."""

    kind: str
    ran: timer_runs.LastRun | None
    late: bool

    @property
    def name(self) -> str:
        return timer_runs.RUN_NAMES[self.kind]

    @property
    def well(self) -> bool:
        return self.ran is not None and self.ran.good and not self.late


@dataclass(frozen=True)
class SystemStatus:
    """What is of the whole installation; `head` is number and hash of the log's last entry."""

    timers: list[TimerStatus]
    queues: list[health.QueueHealth]
    outbox: health.OutboxHealth
    disk: health.DiskHealth
    head: tuple[int, str]
    release: str


@dataclass(frozen=True)
class FailedSignIns:
    """Failed sign-ins under the name of a person (None: under names that nobody has)."""

    person: User | None
    times: int
    latest: datetime
    locked: bool


def system_status(at: datetime) -> SystemStatus:
    """In a fixed number of queries; failures of long work are those of the last day."""
    timers = [
        TimerStatus(kind, timer_runs.last(kind), timer_runs.is_late(kind, at))
        for kind in timer_runs.RUN_INTERVALS
    ]
    return SystemStatus(
        timers, health.queues(at - DAY), health.outbox(), health.disk(), log.head(), release()
    )


def latest_month(day: date) -> Month:
    """The latest reporting month that has ended before the day."""
    days = stored_calendar()
    month = days.month_of(day)
    while not days.ended(Period.of(month, month), day):
        month = month.previous()
    return month


def missing_units(user: User, month: Month, day: date) -> QuerySet[Unit]:
    """Units that the user administers which owe the month and have neither sent nor approved it."""
    administered = Unit.objects.filter(managed_condition(user, day))
    return month_status.units_missing(administered, [month], stored_calendar()).order_by("tier", "code")


def failed_sign_ins(user: User, day: date, at: datetime, *, all_names: bool) -> list[FailedSignIns]:
    """Failed sign-ins of the last day by person, the most first, of people whom the user manages. `all_names`: also how
    many there were under names that nobody has; never the names themselves: people type passwords there.
    """
    failures = sessions.failed_sign_ins(at - DAY)
    names = {failure.username for failure in failures}
    found = {
        managed_person.username: managed_person
        for managed_person in managed_people(user, day).filter(username__in=names)
    }
    by_person: dict[User | None, list[sessions.FailedSignIn]] = defaultdict(list)
    known = (
        set(User.objects.filter(username__in=names).values_list("username", flat=True))
        if all_names
        else names
    )
    for failure in failures:
        if failure.username in found:
            by_person[found[failure.username]].append(failure)
        elif failure.username not in known:
            by_person[None].append(failure)
    return sorted((_tried(*item) for item in by_person.items()), key=lambda one: (-one.times, one.latest))


def _tried(person: User | None, failures: Iterable[sessions.FailedSignIn]) -> FailedSignIns:
    listed = list(failures)
    return FailedSignIns(
        person, len(listed), max(one.at for one in listed), any(one.locked for one in listed)
    )


@cache
def release() -> str:
    """Version and, where this is a clone with git at hand, the commit that runs."""
    root = settings.BASE_DIR
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    # The clone belongs to root and the service is somebody else.
    asked = ["git", "-c", f"safe.directory={root}", "-C", str(root), "rev-parse", "--short=12", "HEAD"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return version
    return f"{version} ({told})"


NOBODY = "Tên không có tài khoản"
MISSING_UNITS = (
    TableColumn("unit_code", "Mã đơn vị", "code"),
    TableColumn("unit", "Đơn vị", "name", width=40),
    TableColumn("tier", "Cấp", "get_tier_display"),
)
FAILED_SIGN_INS = (
    TableColumn("name", "Người", lambda one: str(one.person or NOBODY), width=34),
    TableColumn("username", "Tên đăng nhập", lambda one: one.person.username if one.person else ""),
    TableColumn("times", "Số lần sai mật khẩu"),
    TableColumn("latest", "Lần gần nhất", width=20),
    TableColumn("locked", "Bị tạm khóa", lambda one: "có" if one.locked else "không"),
)


def missing_units_file(units: QuerySet[Unit], month: Month, at: datetime) -> TableFile:
    """All of them, whatever the page shows."""
    rows = table_rows(MISSING_UNITS, units.iterator(1_000))
    return TableFile(
        "chua-gui", "Đơn vị chưa gửi báo cáo tháng", MISSING_UNITS, rows, at, [("Tháng báo cáo", month.label)]
    )


def failed_sign_ins_file(found: Iterable[FailedSignIns], at: datetime) -> TableFile:
    """Of the last day."""
    rows = table_rows(FAILED_SIGN_INS, found)
    return TableFile("dang-nhap-sai", "Đăng nhập không thành công trong 24 giờ", FAILED_SIGN_INS, rows, at)


MOST_LISTED = 50


@requires(Right.MANAGE)
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Silent units and failed sign-ins of what the reader administers; of the top of the tree also timers, queues,
    disk, log and version. The clock is the real one, in the demo too: timers and sign-ins go by it.
    """
    at, day = timezone.now(), request.day
    top = is_root_administrator(request.user, day)
    month = latest_month(day)
    silent = missing_units(request.user, month, day)
    tried = failed_sign_ins(request.user, day, at, all_names=top)
    tables = {
        "chua-gui": lambda: missing_units_file(silent, month, at),
        "dang-nhap-sai": lambda: failed_sign_ins_file(tried, at),
    }
    if file := requested_file(request, tables):
        return file
    context = {
        "at": at,
        "whole": system_status(at) if top else None,
        "month": month,
        "silent": silent[:MOST_LISTED],
        "silent_count": silent.count(),
        "most": MOST_LISTED,
        "tried": tried[:MOST_LISTED],
        "tried_count": sum(one.times for one in tried),
        "nobody": NOBODY,
    }
    return render(request, "reports/system_status/status.html", context)
