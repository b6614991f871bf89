"""The description of `/api/v1/` as OpenAPI 3.1, built from the names that the figures use (decision 21)."""

from typing import Any

from django.conf import settings

from .operations import PATHS
from .schemas import SCHEMAS

_TOKEN = {"type": "http", "scheme": "bearer", "description": "Khóa truy cập do người quản trị cấp."}


def document() -> dict[str, Any]:
    """The whole document as plain data."""
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
