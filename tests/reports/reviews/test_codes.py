"""The short code as people type it, and the QR code as a reader sees it."""

import pytest

from reports.outlets import codes
from units import qr


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
    assert codes.read(typed) == read


def test_new_codes_differ_and_are_read_back(db):
    found = {codes.new() for _ in range(50)}
    assert len(found) == 50 and all(codes.read(codes.written(code)) == code for code in found)


def test_qr_code_covers_what_segno_draws():
    drawn = qr.drawn("https://cchc.example/verify/?code=BCDFGHJKLM")
    assert drawn.size == 33 + 2 * qr.QUIET or drawn.size == 29 + 2 * qr.QUIET
    assert drawn.path.startswith("M4 4h7v1h-7z")
