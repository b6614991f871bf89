"""The short code of a frozen review: printed in it, typed at /verify/ by whoever holds the paper."""

import secrets
import unicodedata
from typing import Any
from urllib.parse import urlencode

from reports.models import FrozenForm
from units import qr

# Consonants only: no digit that looks like a letter, no figure among the figures of a review, no word by chance.
LETTERS = "BCDFGHJKLMNPQRTVWXZ"
LENGTH = 10


def new() -> str:
    """A code that no review has yet, by chance: 19 letters in 10 places are 6,000,000,000,000 codes."""
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        if not FrozenForm.objects.filter(code=code).exists():
            return code


def written(code: str) -> str:
    """As it is printed: in two halves."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def told(doc: dict[str, Any]) -> dict[str, Any] | None:
    """What is printed of a document's code; None for a draft, and for a review older than the codes."""
    given = doc.get("verify")
    if not given:
        return None
    address, asked = given["address"], urlencode({"code": given["code"]})
    return {
        "code": written(given["code"]),
        "address": address,
        "link": f"{address}?{asked}",
        "qr": qr.drawn(f"{address}?{asked}") if given["qr"] else None,
    }


def read(typed: str) -> str:
    """A typed code as it is kept: case, spaces, dashes and the bar of Đ do not matter; "" for what cannot be one."""
    folded = unicodedata.normalize("NFKC", typed[:100]).upper().replace("Đ", "D")
    letters = "".join(one for one in folded if not one.isspace() and one not in "-–—.")
    return letters if len(letters) == LENGTH and set(letters) <= set(LETTERS) else ""
