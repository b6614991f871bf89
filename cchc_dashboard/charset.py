"""Requests in UTF-8 only.

Django takes the charset of a header for a Python codec, and fails on an unknown one before any middleware
could answer.
"""

from django.core.handlers.wsgi import WSGIRequest
from django.utils.functional import cached_property
from django.utils.http import parse_header_parameters

UTF_8 = frozenset({"utf-8", "utf8"})


class Utf8Request(WSGIRequest):
    """Named by wsgi.py."""

    def _set_content_type_params(self, meta: dict) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (LookupError, ValueError):
            self.content_type, self.content_params = "", {}

    @cached_property
    def accepted_types(self) -> list:
        """As Django reads them; none where the header cannot be read."""
        try:
            return super().accepted_types
        except (LookupError, ValueError):
            return []


def is_other_charset(request: WSGIRequest) -> bool:
    """Whether something is sent in another character set; it would be read as other letters."""
    charset = request.content_params.get("charset", "utf-8")
    return request.method not in ("GET", "HEAD") and charset.lower() not in UTF_8
