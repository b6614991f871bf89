"""Codes, encodings and long texts of files (acceptance S24–S26)."""

import unicodedata

import pytest

from records.bulk_import.counts import import_counts
from records.models import DossierCount, Edition
from tests.records.conftest import AT

from .texts import ENCODINGS, SAME_CODE

HEAD = "unit,month,field,received_direct,reason\n"
REASON = "Bổ sung hồ sơ thị trấn Tân Thanh"


def load(content: bytes):
    return import_counts(content, "so-lieu.csv", at=AT)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_encoding_gives_the_same_rows(cast, fields, encoding, form):
    text = unicodedata.normalize(form, f"{HEAD}13441,2022-M06,ho-tich,5,{REASON}\n")
    if encoding == "cp1258":
        # It has letters with circumflex, breve or horn, and the five tones as combining marks.
        text = HEAD + f"13441,2022-M06,ho-tich,5,{in_cp1258_letters(REASON)}\n"
    assert load(text.encode(encoding)).errors == []
    assert DossierCount.objects.get(field=fields.ho_tich).reason == REASON


def in_cp1258_letters(text: str) -> str:
    tones = "\u0300\u0301\u0303\u0309\u0323"
    parts = (unicodedata.normalize("NFD", letter) for letter in text)
    return "".join(
        unicodedata.normalize("NFC", "".join(mark for mark in part if mark not in tones))
        + "".join(mark for mark in part if mark in tones)
        for part in parts
    )


@pytest.mark.parametrize("code", SAME_CODE)
def test_one_unit_however_its_code_is_spelt(cast, fields, code):
    assert load(f"{HEAD}{code},2022-M06,ho-tich,5,\n".encode()).written == 1
    assert Edition.objects.get().submission.unit == cast.alpha


def test_a_text_of_more_than_ten_thousand_letters_is_refused(cast, fields):
    report = load(f"{HEAD}13441,2022-M06,ho-tich,5,{'a' * 10_001}\n".encode())
    assert [(fault.column, fault.code) for _, fault in report.errors] == [("reason", "too_long")]


def test_text_that_looks_like_a_formula_stays_text(cast, fields):
    load(f"{HEAD}13441,2022-M06,ho-tich,5,=1+1\n".encode())
    assert DossierCount.objects.get(field=fields.ho_tich).reason == "=1+1"
