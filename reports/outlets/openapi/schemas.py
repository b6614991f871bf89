"""The shapes of what is answered and taken."""

from figures import change
from figures.measures import CHANNELS, MEASURES
from figures.rates import RATES, SHARES
from figures.rulebook import LARGEST_COUNT
from figures.summary import COUNTS
from records.models import OnlineLevel, State
from records.queries.locks import WHY
from reports.models import ReviewState
from units.details import IN_API
from units.models import Kind, Tier

from .parts import COUNT, DAY, FLAG, MOMENT, TEXT, WHOLE, Schema, a, listed, one_of, or_null, ref

_SHARE = a(
    {
        "percent": or_null(TEXT),
        "numerator": COUNT,
        "denominator": COUNT,
        "formula": TEXT,
        "partial": {"type": "boolean", "const": True},
    },
    ("formula", "partial"),
)
_FIGURES = {
    "completeness": ref("Completeness"),
    "counts": a(dict.fromkeys(COUNTS, COUNT)),
    "shares": a({rate.key: ref("Share") for rate in SHARES}),
    "rates": a({rate.key: ref("Share") for rate in RATES}),
    "estimated": {"type": "boolean", "const": True},
}
_MARK = ("estimated",)
_CHANGE = a({change.RATE: a({"points": or_null(TEXT), "before": or_null(ref("Share"))})})
_NAMED = listed(a({"unit": TEXT, "name": TEXT}))
_PLACES = dict.fromkeys(("came", "left", "ended", "partly"), _NAMED)
_HANDOVER = dict.fromkeys(("opening", "pending"), listed(DAY))
_SUMMARY = a(
    {
        "unit": TEXT,
        "basis": one_of("reported", "today"),
        "include": one_of("approved", "submitted"),
        "as_of": DAY,
        "units_of": DAY,
        "territory": ref("Territory"),
        "handover": a(_HANDOVER, tuple(_HANDOVER)),
        "decimals": one_of(0, 1, 2),
        "period": a({"code": TEXT, "from": DAY, "to": DAY}),
        "tiers": listed(ref("Tier")),
        "total": ref("Figures"),
        "rows": listed(ref("Row")),
    },
    ("as_of", "units_of", "territory", "handover", "rows"),
)
_UNIT = a(
    {
        "key": TEXT,
        "code": TEXT,
        "name": TEXT,
        "kind": one_of(*Kind.values),
        "tier": one_of(*Tier.values),
        "parent": or_null(TEXT),
        "active_from": DAY,
        "active_until": or_null(DAY),
        "reports": FLAG,
        **{detail.name: TEXT for detail in IN_API},
    }
)
_MONTH = a(
    {"code": TEXT, "from": DAY, "to": DAY, "irregular": FLAG, "due_on": a(dict.fromkeys(Tier.values, DAY))}
)
_SCOPE = {
    "tier": or_null(one_of(*Tier.values)),
    "channels": or_null(listed(one_of(*CHANNELS))),
    "valid_from": DAY,
    "valid_until": or_null(DAY),
}
_LEVEL = {"online_level": or_null(one_of(*OnlineLevel.values)), "posted": or_null(FLAG)}
_STATE = {
    "unit": TEXT,
    "name": TEXT,
    "month": TEXT,
    "due_on": DAY,
    "state": one_of("none", *State.values),
    "edition": or_null(WHOLE),
    "revision": WHOLE,
    "in_force": or_null(WHOLE),
    "saved_at": or_null(MOMENT),
    "sent_at": or_null(MOMENT),
    "decided_at": or_null(MOMENT),
}
_PLACE = {"field": or_null(TEXT), "procedure": or_null(TEXT)}
_SENT_COUNT = {"type": ["integer", "null"], "minimum": 0, "maximum": LARGEST_COUNT}
_REVIEW = {
    "id": WHOLE,
    "unit": TEXT,
    "name": TEXT,
    "period": TEXT,
    "title": TEXT,
    "state": one_of(*ReviewState.values),
    "number": or_null(TEXT),
    "issued_on": or_null(DAY),
    "frozen_at": or_null(MOMENT),
    "pdf": or_null(TEXT),
    "pdf_sha256": or_null(TEXT),
    "replaces": or_null(WHOLE),
}
_PROBLEM = {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "code": TEXT, "detail": TEXT}


def _page(of: str) -> Schema:
    return a({"items": listed(ref(of)), "next_cursor": or_null(TEXT), "next": or_null(TEXT)})


SCHEMAS: dict[str, Schema] = {
    "Share": _SHARE,
    "Completeness": a(
        {"reported": WHOLE, "expected": WHOLE, "missing": listed(a({"unit": TEXT, "month": TEXT}))}
    ),
    "Figures": a(_FIGURES, _MARK),
    "Tier": a({"tier": TEXT} | _FIGURES, _MARK),
    "Row": a({"key": TEXT, "name": TEXT} | _FIGURES | {"change": _CHANGE}, (*_MARK, "change")),
    "Territory": a(
        {"equal": FLAG, **_PLACES, "more": a(dict.fromkeys(_PLACES, WHOLE), tuple(_PLACES))},
        (*_PLACES, "more"),
    ),
    "Summary": _SUMMARY,
    "Unit": _UNIT,
    "UnitPage": _page("Unit"),
    "Month": _MONTH,
    "MonthPage": _page("Month"),
    "FieldScope": a(_SCOPE),
    "Field": a({"code": TEXT, "name": TEXT, "order": WHOLE, "scopes": listed(ref("FieldScope"))}),
    "FieldPage": _page("Field"),
    "ProcedureScope": a(_SCOPE | _LEVEL),
    "Procedure": a({"code": TEXT, "name": TEXT, "field": TEXT, "scopes": listed(ref("ProcedureScope"))}),
    "ProcedurePage": _page("Procedure"),
    "MonthState": a(_STATE),
    "SubmissionPage": _page("MonthState"),
    "Lock": a({"code": one_of(*WHY), "since": MOMENT, "detail": TEXT}),
    "SubmissionRow": a(
        {
            "field": TEXT,
            "procedure": or_null(TEXT),
            "counts": a(dict.fromkeys(MEASURES, COUNT)),
            "reason": TEXT,
            "served": listed(one_of(*MEASURES)),
            "proposed_opening": COUNT,
        }
    ),
    "Finding": a(
        _PLACE
        | {"measure": or_null(TEXT), "code": TEXT, "severity": one_of("error", "warning"), "message": TEXT}
    ),
    "Submission": a(
        _STATE
        | {
            "lock": {"anyOf": [ref("Lock"), {"type": "null"}]},
            "rows": listed(ref("SubmissionRow")),
            "totals": a(dict.fromkeys(COUNTS, COUNT)),
            "findings": listed(ref("Finding")),
        }
    ),
    "RowToSave": a(
        {
            "field": or_null(TEXT),
            "procedure": or_null(TEXT),
            "counts": a(dict.fromkeys(MEASURES, _SENT_COUNT), tuple(MEASURES))
            | {"additionalProperties": False},
            "reason": or_null(TEXT),
        },
        ("field", "procedure", "reason"),
    )
    | {"additionalProperties": False},
    "Saving": a(
        {
            "revision": WHOLE | {"maximum": 2**31 - 1},
            "rows": listed(ref("RowToSave")) | {"maxItems": 5000},
            "send": FLAG | {"default": False},
        },
        ("rows", "send"),
    )
    | {"additionalProperties": False},
    "Review": a(_REVIEW),
    "ReviewPage": _page("Review"),
    "FrozenReview": a(_REVIEW | {"frozen": {"type": ["object", "null"], "additionalProperties": True}}),
    "Problem": a(_PROBLEM | {"pointer": TEXT}, ("pointer",)),
    "Error": a(
        {"pointer": TEXT, "measure": or_null(TEXT), "code": TEXT, "message": TEXT}
        | _PLACE
        | {"severity": TEXT},
        ("field", "procedure", "severity"),
    ),
    "Faults": a(_PROBLEM | {"errors": listed(ref("Error"))}, ("errors",)),
    "Clash": a(
        _PROBLEM
        | {
            "revision": WHOLE,
            "cells": listed(
                a(
                    _PLACE
                    | {"measure": TEXT, "mine": COUNT, "theirs": COUNT, "by": TEXT, "at": or_null(MOMENT)}
                )
            ),
        },
        ("revision", "cells"),
    ),
}
