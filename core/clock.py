"""The current day and time, read only by views and commands; other code takes them as an argument."""

from datetime import date, datetime, time

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """The present moment (aware, UTC in storage); in a demo with CCHC_TODAY set, that day at 8:30 in Vietnam."""
    if settings.DEMO and settings.DEMO_TODAY:
        return datetime.combine(settings.DEMO_TODAY, time(8, 30), tzinfo=timezone.get_default_timezone())
    return timezone.now()


def today() -> date:
    """The present day in Asia/Ho_Chi_Minh."""
    return timezone.localtime(now()).date()
