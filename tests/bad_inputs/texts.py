"""Texts and parameters that must not break anything (acceptance S24–S27)."""

HUGE = "9" * 5000

# Spellings of one code, "13441", in files and forms.
SAME_CODE = ["13441", " 13441 ", "\u00a013441", "13441\u200b", "\ufeff13441", "13\u00ad441"]

# Encodings that give the same rows; TCVN3 is refused (tests/bad_inputs/files.py).
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1258"]

# Values of a parameter or field; the answer is a page, 400, 404 or the like, and never an error of the server.
HOSTILE = [
    "\x00",
    "a\x00b",
    HUGE,
    "-1",
    str(10**9),
    str(2**63),
    "1e400",
    "NaN",
    "٣",
    "2022-M13",
    "351@2022-02-30",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "../../etc/passwd",
    "\u202e\ud7ff\uffff",
    "=cmd|' /C calc'!A0",
    "%",
    "\r\nX-Header: 1",
    "[" * 2000,
]

# The names of the product's parameters and form fields.
PARAMETERS = (
    "unit", "period", "page", "sort", "q", "by", "tier", "field", "include", "external", "basis", "decimals",
    "state", "month", "lan", "cho", "parent", "next", "kind",
    "year", "muc", "lay", "cursor", "limit", "on", "edition",
)  # fmt: skip
FIELDS = (
    *PARAMETERS, "code", "name", "active_from", "active_until", "on", "reason", "revision", "seen",
    "chosen", "username",
    "password", "old_password", "new_password1", "new_password2", "full_name", "email", "role", "valid_from",
    "valid_until", "legal_basis", "basis", "chung-opening", "chung-reason", "title", "text", "number", "date", "place",
    "year", "version", "section", "units", "whom", "due_on", "words", "body", "resolution", "outcome", "day",
    "directed", "conclusions", "review", "retired",
)  # fmt: skip
