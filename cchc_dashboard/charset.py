"""Accepts requests in UTF-8 only. Django takes the charset in a header for a Python codec, and fails on an unknown one
before any middleware.
"""

from django.core.handlers.wsgi import WSGIRequest
from django.utils.functional import cached_property
from django.utils.http import parse_header_parameters

UTF_8 = frozenset({"utf-8", "utf8"})


class Utf8Request(WSGIRequest):
    """The request class of wsgi.py."""

    def _set_content_type_params(self, meta: dict) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (LookupError, ValueError):
            self.content_type, self.content_params = "", {}

    @cached_property
    def accepted_types(self) -> list:
        """As in Django; empty for an invalid header."""
        try:
            return super().accepted_types
        except (LookupError, ValueError):
            return []


def is_other_charset(request: WSGIRequest) -> bool:
    """Whether the body is declared in another charset; it would be decoded wrongly."""
    charset = request.content_params.get("charset", "utf-8")
    return request.method not in ("GET", "HEAD") and charset.lower() not in UTF_8
