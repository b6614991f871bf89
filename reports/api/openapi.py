"""The OpenAPI 3.1 description of the API."""

from typing import Any

from django.conf import settings

from figures.formatting import TIER_NAMES
from records.models import State
from reports.models import ReviewState
from units.api import LARGEST_PAGE, USUAL_PAGE

from .schemas import DAY, SCHEMAS, TEXT, Schema, answer, one_of, parameter, problem, ref

_REFUSED = {
    "400": problem("Yêu cầu không hợp lệ, ví dụ mã lỗi bad_period"),
    "401": problem("Chưa đăng nhập, hoặc khóa truy cập không dùng được"),
    "403": problem("Không có quyền, hoặc khóa truy cập không được làm việc này"),
    "404": problem("Không có, hoặc không được xem"),
    "405": problem("Địa chỉ không trả lời phương thức này"),
    "429": problem("Quá nhiều yêu cầu; Retry-After cho biết số giây phải đợi"),
}
_UNCHANGED = {"304": {"description": "Không thay đổi so với ETag đã gửi trong If-None-Match"}}
_TAG = parameter("If-None-Match", "ETag của lần đọc trước.", TEXT, "header")
_PAGES = [
    parameter("cursor", "next_cursor của trang trước; không có thì từ đầu.", TEXT),
    parameter(
        "limit",
        f"Số dòng một trang; trên {LARGEST_PAGE} thì là {LARGEST_PAGE}.",
        {"type": "integer", "minimum": 1, "default": USUAL_PAGE},
    ),
]
_UNIT = parameter("unit", "Chỉ đơn vị này và bên dưới: mã, hoặc MÃ@ngày.", TEXT)
_SUMMARY = [
    parameter("unit", "Mã đơn vị giữ mã ở cuối kỳ, hoặc MÃ@ngày, ví dụ 351 hoặc 351@2022-06-30.", TEXT),
    parameter("period", "Kỳ báo cáo: 2022-M06, 2022-Q2, 2022-H1, 2022, 2022-M01..M05.", TEXT),
    parameter("tier", "Chỉ một cấp.", one_of(*TIER_NAMES)),
    parameter(
        "include",
        "Chỉ đã duyệt, hoặc gồm cả chưa duyệt.",
        one_of("approved", "submitted") | {"default": "approved"},
    ),
    parameter("as_of", "Như đã duyệt đến hết ngày này (2022-06-30); chỉ với số đã duyệt.", DAY),
    parameter("external", "1: tính cả cơ quan ngoài Ủy ban nhân dân.", one_of("0", "1") | {"default": "0"}),
    parameter("decimals", "Số chữ số thập phân.", one_of(0, 1, 2) | {"default": 1}),
    parameter("by", "Chia dòng theo đơn vị, lĩnh vực hoặc tháng.", one_of("unit", "field", "month")),
    parameter(
        "basis",
        "reported: theo đơn vị khi báo cáo; today: theo đơn vị hiện nay, lịch sử theo kế thừa.",
        one_of("reported", "today") | {"default": "reported"},
    ),
    parameter(
        "change",
        "1: mỗi dòng theo đơn vị kèm thay đổi tỷ lệ trực tuyến so với cùng kỳ năm trước.",
        one_of("0", "1") | {"default": "0"},
    ),
]


def _get(name: str, summary: str, schema: str, parameters: list[Schema], scope: str) -> Schema:
    return {
        "operationId": name,
        "summary": summary,
        "description": f"Khóa truy cập cần phạm vi {scope}.",
        "tags": ["cchc"],
        "parameters": [*parameters, _TAG],
        "responses": {"200": answer(summary, schema), **_UNCHANGED, **_REFUSED},
    }


_PLACE = [
    parameter("unit", "Mã đơn vị giữ mã ở cuối tháng, hoặc MÃ@ngày.", TEXT, "path"),
    parameter("month", "Tháng báo cáo, ví dụ 2022-M07.", TEXT, "path"),
]
_NUMBER = [parameter("id", "Số của báo cáo.", {"type": "integer", "minimum": 1}, "path")]
_PUT: Schema = {
    "operationId": "save_submission",
    "summary": "Nhập số liệu của một tháng, và gửi nếu yêu cầu",
    "description": "Mỗi dòng thay toàn bộ dòng đang lưu của lĩnh vực hoặc thủ tục đó; dòng không nêu giữ nguyên; số "
    "không nêu hoặc null là chưa báo cáo. Có lỗi thì không lưu gì. Khóa truy cập cần phạm vi write; không bao giờ "
    "duyệt.",
    "tags": ["cchc"],
    "parameters": [
        *_PLACE,
        parameter(
            "Idempotency-Key",
            "Một khóa cho mỗi lần gửi; gửi lại cùng khóa và nội dung thì không đổi gì, trả lời như trước.",
            {"type": "string", "minLength": 1, "maxLength": 200},
            "header",
        )
        | {"required": True},
    ],
    "requestBody": {"required": True, "content": {"application/json": {"schema": ref("Saving")}}},
    "responses": {
        "200": answer("Báo cáo sau khi lưu", "Submission"),
        **_REFUSED,
        "409": problem(
            "Đã có người lưu trước (stale, kèm hai giá trị), đang chờ duyệt, kỳ chưa kết thúc, không phải báo cáo",
            "Clash",
        ),
        "413": problem("Nội dung quá lớn"),
        "415": problem("Không phải application/json"),
        "422": problem("Số liệu có lỗi, mỗi lỗi có chỗ; hoặc khóa đã dùng cho nội dung khác", "Faults"),
        "423": problem("Tháng đã khóa"),
    },
}
_PDF: Schema = _get("review_pdf", "Tệp PDF của báo cáo đã chốt", "Problem", _NUMBER, "reviews")
_PDF["responses"]["200"] = {
    "description": "Tệp PDF",
    "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
}
_PDF["responses"]["503"] = problem("Không đọc được tệp trong kho lưu")

PATHS: dict[str, Schema] = {
    "/api/v1/summary": {
        "get": _get("summary", "Số liệu tổng hợp của một đơn vị trong một kỳ", "Summary", _SUMMARY, "figures")
    },
    "/api/v1/units": {
        "get": _get(
            "units",
            "Đơn vị được xem",
            "UnitPage",
            [
                _UNIT,
                parameter("tier", "Chỉ một cấp.", one_of(*TIER_NAMES)),
                parameter("on", "Đang hoạt động vào ngày này.", DAY),
                *_PAGES,
            ],
            "figures",
        )
    },
    "/api/v1/periods": {
        "get": _get(
            "periods",
            "Tháng báo cáo: ngày đầu, ngày cuối, hạn gửi",
            "MonthPage",
            [parameter("period", "Các tháng của kỳ này; không có thì 24 tháng gần nhất.", TEXT), *_PAGES],
            "figures",
        )
    },
    "/api/v1/catalogue/fields": {"get": _get("fields", "Lĩnh vực", "FieldPage", _PAGES, "figures")},
    "/api/v1/catalogue/procedures": {
        "get": _get("procedures", "Thủ tục hành chính", "ProcedurePage", _PAGES, "figures")
    },
    "/api/v1/submissions": {
        "get": _get(
            "submissions",
            "Báo cáo tháng đã mở và trạng thái",
            "SubmissionPage",
            [
                _UNIT,
                parameter("month", "Chỉ tháng này, ví dụ 2022-M07.", TEXT),
                parameter("state", "Lần báo cáo mới nhất ở trạng thái này.", one_of(*State.values)),
                *_PAGES,
            ],
            "submissions",
        )
    },
    "/api/v1/submissions/{unit}/{month}": {
        "get": _get(
            "submission",
            "Một báo cáo tháng với số liệu",
            "Submission",
            [*_PLACE, parameter("edition", "Lần báo cáo; không có thì lần mới nhất.", {"type": "integer"})],
            "submissions",
        ),
        "put": _PUT,
    },
    "/api/v1/reviews": {
        "get": _get(
            "reviews",
            "Báo cáo sơ kết, tổng kết",
            "ReviewPage",
            [
                _UNIT,
                parameter("period", "Chỉ kỳ này.", TEXT),
                parameter("state", "Chỉ trạng thái này.", one_of(*ReviewState.values)),
                *_PAGES,
            ],
            "reviews",
        )
    },
    "/api/v1/reviews/{id}": {
        "get": _get("review", "Một báo cáo với bản đã chốt", "FrozenReview", _NUMBER, "reviews")
    },
    "/api/v1/reviews/{id}/pdf": {"get": _PDF},
}

_TOKEN = {"type": "http", "scheme": "bearer", "description": "Khóa truy cập do người quản trị cấp."}


def openapi_document() -> dict[str, Any]:
    """The document as plain data."""
    session = {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "Phiên đăng nhập.",
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Số liệu cải cách hành chính",
            "version": "1",
            "description": "Đọc số liệu, đơn vị, kỳ báo cáo, danh mục, báo cáo; nhập và gửi báo cáo tháng.",
        },
        "servers": [{"url": "/"}],
        "paths": PATHS,
        "components": {"schemas": SCHEMAS, "securitySchemes": {"token": _TOKEN, "session": session}},
        "security": [{"token": []}, {"session": []}],
    }
