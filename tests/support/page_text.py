"""Compares page text regardless of whitespace in the template."""

import re


def squeezed(page: str) -> str:
    """The page with each run of whitespace as one space, and none beside a tag or before its end."""
    return re.sub(r" ?(<[^>]*?) ?(>) ?", r"\1\2", re.sub(r"\s+", " ", page))


def shows(page: str, expected: str) -> bool:
    """Whether the page contains this markup or text, ignoring whitespace between tags and words."""
    return squeezed(expected) in squeezed(page)
