"""Counts as people type them, and what is no count (acceptance S23). 12.000 is 12000 and never 12; blank is None."""

from datetime import date

NBSP, NARROW, ZERO_WIDTH = "\u00a0", "\u202f", "\u200b"

# What is typed, and the number that it is.
READ = [
    ("", None),
    ("  ", None),
    (NBSP, None),
    (ZERO_WIDTH, None),
    ("0", 0),
    ("00", 0),
    ("12", 12),
    (" 12 ", 12),
    ("1240", 1240),
    ("1.240", 1240),
    ("1 240", 1240),
    (f"1{NBSP}240", 1240),
    (f"1{NARROW}240", 1240),
    (f"1{ZERO_WIDTH}2", 12),
    ("12.000", 12000),
    ("1.240.000", 1240000),
    ("999.999.999", 999_999_999),
    ("999999999", 999_999_999),
]

# What is typed, and the code of its fault, in whatever way it comes in
REFUSED = [
    ("12,5", "not_whole"),
    ("12.5", "not_whole"),
    ("1.24", "not_whole"),
    ("12.0000", "not_whole"),
    ("0.123", "not_whole"),
    ("1,240", "not_whole"),
    ("-5", "negative"),
    ("−5", "negative"),
    ("-1.240", "negative"),
    ("-0", "negative"),
    ("+5", "not_a_number"),
    ("1e3", "not_a_number"),
    ("1_000", "not_a_number"),
    ("٣", "not_a_number"),
    ("１２", "not_a_number"),
    ("²", "not_a_number"),
    ("#N/A", "not_a_number"),
    ("#REF!", "not_a_number"),
    ("=A1", "not_a_number"),
    ("TRUE", "not_a_number"),
    ("NaN", "not_a_number"),
    ("inf", "not_a_number"),
    ("0x10", "not_a_number"),
    ("2022-06-14", "not_a_number"),
    ("14/6/2022", "not_a_number"),
    ("14.6.2022", "not_a_number"),
    ("2022-06-14 00:00:00", "not_a_number"),
    ("5%", "not_a_number"),
    ("1.240 000", "not_a_number"),
    ("12..000", "not_a_number"),
    ("1.240.", "not_a_number"),
    (".240", "not_a_number"),
    ("12 hồ sơ", "not_a_number"),
    ("1000000000", "too_large"),
    ("1.000.000.000", "too_large"),
    (str(2**63), "too_large"),
    ("9" * 5001, "too_large"),
]

# Refused in a form; a file with NUL is refused as a whole, and a line break within a cell of a file is a space.
REFUSED_TYPED = [
    ("1\x002", "not_a_number"),
    ("1\n240", "not_a_number"),
]

# (value of a spreadsheet's cell as openpyxl writes it, its number format, code of the fault)
REFUSED_CELLS = [
    (-1, "General", "negative"),
    (12.5, "General", "fraction"),
    (2**63, "General", "too_large"),
    (1e300, "General", "not_a_number"),
    (True, "General", "boolean"),
    (date(2022, 6, 14), "dd/mm/yyyy", "date"),
    (44726, "yyyy-mm", "date"),
    (0.05, "0%", "percent"),
    (5, "0.0%", "percent"),
    ("#N/A", "General", "error_value"),
    ("#DIV/0!", "General", "error_value"),
    ("=1+1", "General", "formula"),
]
