"""The short code as people type it, and the QR code as a reader sees it."""

import pytest

from core import qr_code
from reports import review_access


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("BCDFG-HJKLM", "BCDFGHJKLM"),
        (" bcdfg hjklm ", "BCDFGHJKLM"),
        ("bcđfg–hjklm", "BCDFGHJKLM"),
        ("ＢＣＤＦＧHJKLM", "BCDFGHJKLM"),
        ("BCDFG-HJKL", ""),
        ("BCDFG-HJKLMN", ""),
        ("BCDFG-HJKL0", ""),
        ("", ""),
        ("x" * 1000, ""),
    ],
)
def test_typed(typed, read):
    assert review_access.parse_code(typed) == read


def test_new_codes_differ_and_are_read_back(db):
    codes = {review_access.new_code() for _ in range(50)}
    assert len(codes) == 50 and all(
        review_access.parse_code(review_access.code_text(code)) == code for code in codes
    )


def test_qr_code_covers_what_segno_draws():
    drawn = qr_code.draw_qr_code("https://cchc.example/verify/?code=BCDFGHJKLM")
    assert drawn.size == 33 + 2 * qr_code.QUIET or drawn.size == 29 + 2 * qr_code.QUIET
    assert drawn.path.startswith("M4 4h7v1h-7z")
