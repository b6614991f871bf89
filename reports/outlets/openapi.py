"""The description of `/api/v1/` as OpenAPI 3.1, built from the names that the figures use."""

from typing import Any

from figures.rates import RATES, SHARES
from figures.summary import COUNTS
from figures.writing import TIER_NAMES

_COUNT = {"type": ["integer", "null"], "minimum": 0}
_WHOLE = {"type": "integer", "minimum": 0}


def document() -> dict[str, Any]:
    """The whole document as plain data."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Số liệu cải cách hành chính", "version": "1"},
        "servers": [{"url": "/"}],
        "paths": {"/api/v1/summary": {"get": _summary_operation()}},
        "components": {"schemas": _schemas(), "securitySchemes": {"session": _SESSION}},
        "security": [{"session": []}],
    }


_SESSION = {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "Phiên đăng nhập."}


def _summary_operation() -> dict[str, Any]:
    return {
        "operationId": "summary",
        "summary": "Số liệu tổng hợp của một đơn vị trong một kỳ",
        "parameters": [
            _query(
                "unit",
                "Mã đơn vị giữ mã ở cuối kỳ, hoặc MÃ@ngày, ví dụ 351 hoặc 351@2022-06-30.",
                {"type": "string"},
            ),
            _query(
                "period", "Kỳ báo cáo: 2022-M06, 2022-Q2, 2022-H1, 2022, 2022-M01..M05.", {"type": "string"}
            ),
            _query("tier", "Chỉ một cấp.", {"enum": list(TIER_NAMES)}),
            _query(
                "include",
                "Chỉ đã duyệt, hoặc gồm cả chưa duyệt.",
                {"enum": ["approved", "submitted"], "default": "approved"},
            ),
            _query(
                "as_of",
                "Như đã duyệt đến hết ngày này (2022-06-30); chỉ với số đã duyệt.",
                {"type": "string", "format": "date"},
            ),
            _query(
                "external", "1: tính cả cơ quan ngoài Ủy ban nhân dân.", {"enum": ["0", "1"], "default": "0"}
            ),
            _query("decimals", "Số chữ số thập phân.", {"enum": [0, 1, 2], "default": 1}),
            _query("by", "Chia dòng theo đơn vị, lĩnh vực hoặc tháng.", {"enum": ["unit", "field", "month"]}),
            _query(
                "basis",
                "reported: theo đơn vị khi báo cáo; today: theo đơn vị hiện nay, lịch sử theo kế thừa.",
                {"enum": ["reported", "today"], "default": "reported"},
            ),
        ],
        "responses": {
            "200": _answer("Số liệu", "application/json", "Summary"),
            "400": _answer(
                "Yêu cầu không hợp lệ, ví dụ mã lỗi bad_period", "application/problem+json", "Problem"
            ),
            "401": _answer("Chưa đăng nhập", "application/problem+json", "Problem"),
            "403": _answer("Tài khoản chưa có đơn vị", "application/problem+json", "Problem"),
            "404": _answer("Không có đơn vị này, hoặc không được xem", "application/problem+json", "Problem"),
            "405": _answer("Chỉ trả lời GET và HEAD", "application/problem+json", "Problem"),
        },
    }


def _query(name: str, told: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": told, "schema": schema}


def _answer(told: str, media: str, schema: str) -> dict[str, Any]:
    return {"description": told, "content": {media: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> dict[str, Any]:
    share = {"percent": {"type": ["string", "null"]}, "numerator": _COUNT, "denominator": _COUNT}
    more = {"formula": {"type": "string"}, "partial": {"const": True}}
    figures = {
        "completeness": _ref("Completeness"),
        "counts": _object(dict.fromkeys(COUNTS, _COUNT)),
        "shares": _object({rate.key: _ref("Share") for rate in SHARES}),
        "rates": _object({rate.key: _ref("Share") for rate in RATES}),
        "estimated": {"const": True},
    }
    missing = _object({"unit": {"type": "string"}, "month": {"type": "string"}})
    dates = {name: {"type": "string", "format": "date"} for name in ("from", "to")}
    listed = {"type": "array", "items": missing}
    text = {"type": "string"}
    mark = ("estimated",)
    named = {"type": "array", "items": _object({"unit": text, "name": text})}
    places = dict.fromkeys(("came", "left", "ended", "partly"), named)
    return {
        "Share": _object(share | more, tuple(more)),
        "Completeness": _object({"reported": _WHOLE, "expected": _WHOLE, "missing": listed}),
        "Figures": _object(figures, mark),
        "Tier": _object({"tier": text} | figures, mark),
        "Row": _object({"key": text, "name": text} | figures, mark),
        "Territory": _object({"equal": {"type": "boolean"}} | places, tuple(places)),
        "Summary": _object(
            {
                "unit": text,
                "basis": {"enum": ["reported", "today"]},
                "include": {"enum": ["approved", "submitted"]},
                "as_of": {"type": "string", "format": "date"},
                "units_of": {"type": "string", "format": "date"},
                "territory": _ref("Territory"),
                "decimals": {"enum": [0, 1, 2]},
                "period": _object({"code": text} | dates),
                "tiers": {"type": "array", "items": _ref("Tier")},
                "total": _ref("Figures"),
                "rows": {"type": "array", "items": _ref("Row")},
            },
            ("as_of", "units_of", "territory", "rows"),
        ),
        "Problem": _object(
            {"type": text, "title": text, "status": {"type": "integer"}, "code": text, "detail": text}
        ),
    }
