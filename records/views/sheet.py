"""What the page's own script knows about the month that is being entered (docs/api.md)."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.shortcuts import resolve_url
from django.urls import reverse

from figures.counts import added
from figures.measures import MEASURES, SUMS
from figures.outliers import MONTHS, WATCHED
from figures.periods import Month
from records.forms.lines import Line
from records.models import Edition, Submission
from units.models import User


def sheet_data(found: Submission, edition: Edition, lines: Iterable[Line], reader: User) -> dict[str, Any]:
    """Ready for JSON: addresses, the revision that the page shows, and of each row what its rules need."""
    month = Month.from_number(found.month)
    return {
        "submission": found.pk,
        "user": reader.pk,
        "revision": edition.revision,
        "urls": {
            "cells": reverse("records:cells", args=[found.pk]),
            "check": reverse("records:check", args=[found.pk]),
            "login": resolve_url(settings.LOGIN_URL),
        },
        "rows": [_row(line, month) for line in lines],
    }


def _row(line: Line, month: Month) -> dict[str, Any]:
    """`history`: the sums of the twelve months before, the latest last; null where a month reported none."""
    before = [line.past.get(month.plus(-back).number, {}) for back in range(MONTHS, 0, -1)]
    return {
        "code": line.code,
        "label": line.label,
        "served": [name for name in MEASURES if name in line.served],
        "proposed": line.proposed,
        "reason": line.reason,
        "history": {
            whole: [added(values.get(part) for part in SUMS[whole]) for values in before] for whole in WATCHED
        },
        "last": {name: line.last(month).get(name) for name in MEASURES},
    }
