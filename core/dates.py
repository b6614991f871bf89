"""Parses and formats days."""

import re
from datetime import date, timedelta

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_VIETNAMESE = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
EXAMPLE = "Ngày ghi dạng 2022-06-30 hoặc 30/6/2022."


def parse_day(text: str) -> date:
    """The day of "2022-06-30" or "30/6/2022". Errors: ValueError with a Vietnamese message for anything else."""
    text = text.strip()
    if match := _ISO.fullmatch(text):
        year, month, day = map(int, match.groups())
    elif match := _VIETNAMESE.fullmatch(text):
        day, month, year = map(int, match.groups())
    else:
        raise ValueError(f"“{text[:40]}” không phải ngày. {EXAMPLE}")
    try:
        found_day = date(year, month, day)
    except ValueError as error:
        raise ValueError(f"Không có ngày {text}. {EXAMPLE}") from error
    if not 1900 <= year <= 2199:
        raise ValueError(f"Năm {year} ngoài khoảng 1900–2199.")
    return found_day


def format_day(day: date | None) -> str:
    """ "30/6/2022"; "05/02/2022" with the leading zeros of decree 30/2020 for days 1–9 and months 1–2; "" for None."""
    return f"{day.day:02}/{day.month:0{2 if day.month < 3 else 1}}/{day.year}" if day else ""


def day_before(day: date) -> date:
    return day - timedelta(1)
