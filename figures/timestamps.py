"""Reads days and times as other systems write them: 14/06/2022 09:41, ISO text, or the number of a
spreadsheet.
"""

import re
from datetime import date, datetime, time, timedelta

_CLOCK = r"(\d{1,2})(?::|h|g)(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?"
_ISO = re.compile(rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})(?:[T ]{_CLOCK})?(?:Z|[+]07:?00)?", re.ASCII)
_DAY_FIRST = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}})(?:,? {_CLOCK})?", re.ASCII)
_CLOCK_FIRST = re.compile(rf"{_CLOCK},? (\d{{1,2}})([/.-])(\d{{1,2}})\5(\d{{4}})", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.(\d{1,15}))?", re.ASCII)
# What is outside of these years is no day of a dossier.
FIRST_YEAR, LAST_YEAR = 1970, 2100
_FIRST_SERIAL, _LAST_SERIAL = 25_569, 73_415
_EPOCH = date(1899, 12, 30)
_SECONDS = 86_400


def parse_timestamp(text: str) -> datetime | date | None:
    """A local moment, or a day where the text tells no time; None for what is neither.

    The day stands before the month; a number with five digits before its point is a spreadsheet's serial
    number, of FIRST_YEAR to LAST_YEAR. A time in another zone than Vietnam's is refused, and so is what no calendar
    has.
    """
    if found := _DAY_FIRST.fullmatch(text):
        day, _, month, year, *clock = found.groups()
    elif found := _ISO.fullmatch(text):
        year, month, day, *clock = found.groups()
        if text.endswith("Z"):
            return None
    elif found := _CLOCK_FIRST.fullmatch(text):
        *clock, day, _, month, year = found.groups()
    elif found := _SERIAL.fullmatch(text):
        return _of_serial(int(found[1]), found[2])
    else:
        return None
    return _made(int(year), int(month), int(day), clock)


def _made(year: int, month: int, day: int, clock: list[str | None]) -> datetime | date | None:
    try:
        if clock[0] is None:
            return date(year, month, day)
        return datetime(year, month, day, int(clock[0]), int(clock[1]), int(clock[2] or 0))
    except ValueError:
        return None


def _of_serial(days: int, fraction: str | None) -> datetime | date | None:
    if not _FIRST_SERIAL <= days <= _LAST_SERIAL:
        return None
    day = _EPOCH + timedelta(days)
    if not fraction or not int(fraction):
        return day
    # To the second: a spreadsheet's fraction of a day is not exact below it.
    seconds = round(int(fraction) * _SECONDS / 10 ** len(fraction))
    return datetime.combine(day, time.min) + timedelta(seconds=seconds)
