"""What a page says, however its template is broken into lines."""

import re


def squeezed(page: str) -> str:
    """The page with each run of blanks as one, and none beside a tag or before its end."""
    return re.sub(r" ?(<[^>]*?) ?(>) ?", r"\1\2", re.sub(r"\s+", " ", page))


def shows(page: str, expected: str) -> bool:
    """Whether the page holds this markup or text, blanks between tags and words aside."""
    return squeezed(expected) in squeezed(page)
