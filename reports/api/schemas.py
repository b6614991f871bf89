"""The JSON schemas of the API's requests and responses."""

from typing import Any

from figures import summary
from figures.measures import CHANNELS, MEASURES
from figures.rates import RATES, SHARES
from figures.rule_catalogue import LARGEST_COUNT
from figures.summary import COUNTS
from records.models import OnlineLevel, State
from records.submissions.editability import LOCK_WORDS
from reports.models import ReviewState
from units.models import Tier, UnitKind
from units.tree.details import IN_API

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
DAY: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
WHOLE: Schema = {"type": "integer", "minimum": 0}


def or_null(schema: Schema) -> Schema:
    """The schema, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


COUNT: Schema = or_null(WHOLE)


def one_of(*values: str | int) -> Schema:
    return {"type": "string" if isinstance(values[0], str) else "integer", "enum": list(values)}


def array_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def object_schema(properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """An object with these members, required unless in `optional`."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def parameter(name: str, description: str, schema: Schema, place: str = "query") -> Schema:
    schema_object = {"name": name, "in": place, "description": description, "schema": schema}
    return schema_object | ({"required": True} if place == "path" else {})


def answer(description: str, schema: str, media: str = "application/json") -> Schema:
    return {"description": description, "content": {media: {"schema": ref(schema)}}}


def problem(description: str, schema: str = "Problem") -> Schema:
    return answer(description, schema, "application/problem+json")


_SHARE = object_schema(
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
    "counts": object_schema(dict.fromkeys(COUNTS, COUNT)),
    "shares": object_schema({rate.key: ref("Share") for rate in SHARES}),
    "rates": object_schema({rate.key: ref("Share") for rate in RATES}),
    "estimated": {"type": "boolean", "const": True},
}
_MARK = ("estimated",)
_CHANGE = object_schema(
    {summary.CHANGE_RATE: object_schema({"points": or_null(TEXT), "before": or_null(ref("Share"))})}
)
_NAMED = array_of(object_schema({"unit": TEXT, "name": TEXT}))
_PLACES = dict.fromkeys(("came", "left", "ended", "partly"), _NAMED)
_HANDOVER = dict.fromkeys(("opening", "pending"), array_of(DAY))
_SUMMARY = object_schema(
    {
        "unit": TEXT,
        "basis": one_of("reported", "today"),
        "include": one_of("approved", "submitted"),
        "as_of": DAY,
        "units_of": DAY,
        "territory": ref("Territory"),
        "handover": object_schema(_HANDOVER, tuple(_HANDOVER)),
        "decimals": one_of(0, 1, 2),
        "period": object_schema({"code": TEXT, "from": DAY, "to": DAY}),
        "tiers": array_of(ref("Tier")),
        "total": ref("Figures"),
        "rows": array_of(ref("Row")),
    },
    ("as_of", "units_of", "territory", "handover", "rows"),
)
_UNIT = object_schema(
    {
        "key": TEXT,
        "code": TEXT,
        "name": TEXT,
        "kind": one_of(*UnitKind.values),
        "tier": one_of(*Tier.values),
        "parent": or_null(TEXT),
        "active_from": DAY,
        "active_until": or_null(DAY),
        "reports": FLAG,
        **{detail.name: TEXT for detail in IN_API},
    }
)
_MONTH = object_schema(
    {
        "code": TEXT,
        "from": DAY,
        "to": DAY,
        "irregular": FLAG,
        "due_on": object_schema(dict.fromkeys(Tier.values, DAY)),
    }
)
_SCOPE = {
    "tier": or_null(one_of(*Tier.values)),
    "channels": or_null(array_of(one_of(*CHANNELS))),
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
    return object_schema({"items": array_of(ref(of)), "next_cursor": or_null(TEXT), "next": or_null(TEXT)})


SCHEMAS: dict[str, Schema] = {
    "Share": _SHARE,
    "Completeness": object_schema(
        {
            "reported": WHOLE,
            "expected": WHOLE,
            "missing": array_of(object_schema({"unit": TEXT, "month": TEXT})),
        }
    ),
    "Figures": object_schema(_FIGURES, _MARK),
    "Tier": object_schema({"tier": TEXT} | _FIGURES, _MARK),
    "Row": object_schema({"key": TEXT, "name": TEXT} | _FIGURES | {"change": _CHANGE}, (*_MARK, "change")),
    "Territory": object_schema(
        {"equal": FLAG, **_PLACES, "more": object_schema(dict.fromkeys(_PLACES, WHOLE), tuple(_PLACES))},
        (*_PLACES, "more"),
    ),
    "Summary": _SUMMARY,
    "Unit": _UNIT,
    "UnitPage": _page("Unit"),
    "Month": _MONTH,
    "MonthPage": _page("Month"),
    "FieldScope": object_schema(_SCOPE),
    "Field": object_schema(
        {"code": TEXT, "name": TEXT, "order": WHOLE, "scopes": array_of(ref("FieldScope"))}
    ),
    "FieldPage": _page("Field"),
    "ProcedureScope": object_schema(_SCOPE | _LEVEL),
    "Procedure": object_schema(
        {"code": TEXT, "name": TEXT, "field": TEXT, "scopes": array_of(ref("ProcedureScope"))}
    ),
    "ProcedurePage": _page("Procedure"),
    "MonthState": object_schema(_STATE),
    "SubmissionPage": _page("MonthState"),
    "Lock": object_schema({"code": one_of(*LOCK_WORDS), "since": MOMENT, "detail": TEXT}),
    "SubmissionRow": object_schema(
        {
            "field": TEXT,
            "procedure": or_null(TEXT),
            "counts": object_schema(dict.fromkeys(MEASURES, COUNT)),
            "reason": TEXT,
            "served": array_of(one_of(*MEASURES)),
            "proposed_opening": COUNT,
        }
    ),
    "Finding": object_schema(
        _PLACE
        | {"measure": or_null(TEXT), "code": TEXT, "severity": one_of("error", "warning"), "message": TEXT}
    ),
    "Submission": object_schema(
        _STATE
        | {
            "lock": {"anyOf": [ref("Lock"), {"type": "null"}]},
            "rows": array_of(ref("SubmissionRow")),
            "totals": object_schema(dict.fromkeys(COUNTS, COUNT)),
            "findings": array_of(ref("Finding")),
        }
    ),
    "RowToSave": object_schema(
        {
            "field": or_null(TEXT),
            "procedure": or_null(TEXT),
            "counts": object_schema(dict.fromkeys(MEASURES, _SENT_COUNT), tuple(MEASURES))
            | {"additionalProperties": False},
            "reason": or_null(TEXT),
        },
        ("field", "procedure", "reason"),
    )
    | {"additionalProperties": False},
    "Saving": object_schema(
        {
            "revision": WHOLE | {"maximum": 2**31 - 1},
            "rows": array_of(ref("RowToSave")) | {"maxItems": 5000},
            "send": FLAG | {"default": False},
        },
        ("rows", "send"),
    )
    | {"additionalProperties": False},
    "Review": object_schema(_REVIEW),
    "ReviewPage": _page("Review"),
    "FrozenReview": object_schema(
        _REVIEW | {"frozen": {"type": ["object", "null"], "additionalProperties": True}}
    ),
    "Problem": object_schema(_PROBLEM | {"pointer": TEXT}, ("pointer",)),
    "Error": object_schema(
        {"pointer": TEXT, "measure": or_null(TEXT), "code": TEXT, "message": TEXT}
        | _PLACE
        | {"severity": TEXT},
        ("field", "procedure", "severity"),
    ),
    "Faults": object_schema(_PROBLEM | {"errors": array_of(ref("Error"))}, ("errors",)),
    "Clash": object_schema(
        _PROBLEM
        | {
            "revision": WHOLE,
            "cells": array_of(
                object_schema(
                    _PLACE
                    | {"measure": TEXT, "mine": COUNT, "theirs": COUNT, "by": TEXT, "at": or_null(MOMENT)}
                )
            ),
        },
        ("revision", "cells"),
    ),
}
