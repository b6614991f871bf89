"""No line of a template is longer than 120 characters (scripts/test checks their indentation)."""

import pytest

from .test_table_files import TEMPLATES

LONGEST = 120


@pytest.mark.parametrize("ending", ["html", "svg"])
def test_no_line_is_too_long(ending):
    paths = sorted(TEMPLATES.rglob(f"*.{ending}"))
    long = [
        f"{path.relative_to(TEMPLATES)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST
    ]
    assert paths and not long
