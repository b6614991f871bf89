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
from records.summary.missing import units_missing
from spreadsheets.table_writer import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import is_root_administrator, managed_condition, managed_people
from units.models import Unit

# Only administrators of the root unit see the installation (timers, queues, disk, log, version).

DAY = timedelta(days=1)


@dataclass(frozen=True)
class TimerStatus:
    """A timer's last run, and whether a good run is overdue."""

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
    """The state of the installation; `head` is sequence and hash of the log's last entry."""

    timers: list[TimerStatus]
    queues: list[health.QueueHealth]
    outbox: health.OutboxHealth
    disk: health.DiskHealth
    head: tuple[int, str]
    release: str


@dataclass(frozen=True)
class FailedSignIns:
    """Failed sign-ins with the name of a person (None: with unknown names)."""

    person: User | None
    times: int
    latest: datetime
    locked: bool


def system_status(at: datetime) -> SystemStatus:
    """The state of the installation, in a fixed number of queries; job failures are those of the last day."""
    timers = [
        TimerStatus(kind, timer_runs.last(kind), timer_runs.is_late(kind, at))
        for kind in timer_runs.RUN_INTERVALS
    ]
    return SystemStatus(
        timers, health.queues(at - DAY), health.outbox(), health.disk(), log.head(), release()
    )


def latest_month(day: date) -> Month:
    """The latest reporting month that ended before the day."""
    days = stored_calendar()
    month = days.month_of(day)
    while not days.ended(Period.of(month, month), day):
        month = month.previous()
    return month


def missing_units(user: User, month: Month, day: date) -> QuerySet[Unit]:
    """Units that the user administers whose report of the month is expected but not sent."""
    administered = Unit.objects.filter(managed_condition(user, day))
    return units_missing(administered, [month], stored_calendar()).order_by("tier", "code")


def failed_sign_ins(user: User, day: date, at: datetime, *, all_names: bool) -> list[FailedSignIns]:
    """Failed sign-ins of the last day by person, the most first, of people whom the user manages. `all_names`: also the
    number with unknown names, without the names: people type passwords there.
    """
    failures = sessions.failed_sign_ins(at - DAY)
    names = {failure.username for failure in failures}
    people = {person.username: person for person in managed_people(user, day).filter(username__in=names)}
    by_person: dict[User | None, list[sessions.FailedSignIn]] = defaultdict(list)
    used = User.objects.filter(username__in=names).values_list("username", flat=True)
    with_account = set(used) if all_names else names
    for failure in failures:
        if failure.username in people:
            by_person[people[failure.username]].append(failure)
        elif failure.username not in with_account:
            by_person[None].append(failure)
    return sorted(
        (_count_failures(*item) for item in by_person.items()), key=lambda row: (-row.times, row.latest)
    )


def _count_failures(person: User | None, failures: list[sessions.FailedSignIn]) -> FailedSignIns:
    latest, locked = max(failure.at for failure in failures), any(failure.locked for failure in failures)
    return FailedSignIns(person, len(failures), latest, locked)


@cache
def release() -> str:
    """The version and, in a Git clone, the commit."""
    root = settings.BASE_DIR
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    # The clone belongs to root, the service runs as another user.
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root), "rev-parse", "--short=12", "HEAD"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return version
    return f"{version} ({commit})"


NOBODY = "Tên không có tài khoản"
MISSING_UNITS = (
    TableColumn("unit_code", "Mã đơn vị", "code"),
    TableColumn("unit", "Đơn vị", "name", width=40),
    TableColumn("tier", "Cấp", "get_tier_display"),
)
FAILED_SIGN_INS = (
    TableColumn("name", "Người", lambda row: str(row.person or NOBODY), width=34),
    TableColumn("username", "Tên đăng nhập", lambda row: row.person.username if row.person else ""),
    TableColumn("times", "Số lần sai mật khẩu"),
    TableColumn("latest", "Lần gần nhất", width=20),
    TableColumn("locked", "Bị tạm khóa", lambda row: "có" if row.locked else "không"),
)


def missing_units_file(units: QuerySet[Unit], month: Month, at: datetime) -> TableFile:
    """All missing units, not only those listed on the page."""
    rows = table_rows(MISSING_UNITS, units.iterator(1_000))
    return TableFile(
        "chua-gui", "Đơn vị chưa gửi báo cáo tháng", MISSING_UNITS, rows, at, [("Tháng báo cáo", month.label)]
    )


def failed_sign_ins_file(failures: Iterable[FailedSignIns], at: datetime) -> TableFile:
    rows = table_rows(FAILED_SIGN_INS, failures)
    return TableFile("dang-nhap-sai", "Đăng nhập không thành công trong 24 giờ", FAILED_SIGN_INS, rows, at)


MOST_LISTED = 50


@requires(Right.MANAGE)
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Missing units and failed sign-ins of the user's units; for root administrators also the installation's state.

    It uses the real time, in the demo too, as timers and sign-ins do.
    """
    at, day = timezone.now(), request.day
    top = is_root_administrator(request.user, day)
    month = latest_month(day)
    missing = missing_units(request.user, month, day)
    failures = failed_sign_ins(request.user, day, at, all_names=top)
    tables = {
        "chua-gui": lambda: missing_units_file(missing, month, at),
        "dang-nhap-sai": lambda: failed_sign_ins_file(failures, at),
    }
    if file := requested_file(request, tables):
        return file
    context = {
        "at": at,
        "whole": system_status(at) if top else None,
        "month": month,
        "silent": missing[:MOST_LISTED],
        "silent_count": missing.count(),
        "most": MOST_LISTED,
        "tried": failures[:MOST_LISTED],
        "tried_count": sum(row.times for row in failures),
        "nobody": NOBODY,
    }
    return render(request, "reports/system_status/status.html", context)
