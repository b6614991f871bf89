"""Every kind of bad file, uploaded as an Excel form or official form, is refused and nothing is stored."""

import io
import zipfile
from collections.abc import Iterator

import pytest
from django.urls import reverse

from ledger.models import Entry
from records.models import DossierCount, FormFile
from tests.records.conftest import as_ as as_
from tests.records.conftest import july as july
from tests.records.conftest import people as people
from tests.records.excel_form.book import brought, form_of
from tests.records.excel_form.cells import filled
from tests.records.official_form_upload.test_upload import upload as official

from .files import BOMBS, REFUSED_FILES, SWOLLEN, swollen, with_part
from .forms import CHANGED, PARTS, two_of_one_part
from .numbers import REFUSED_CELLS

# Codes that other readers give to files that are no workbook.
NO_WORKBOOK = {"empty_file", "control_sign", "encoding", "tcvn3"}


def codes(answer) -> list[str]:
    """The codes of an upload's faults, each of which has a message."""
    faults = [*answer.context["weighed"].refused, *(answer.context.get("wrong") or ())]
    assert all(fault.message for fault in faults)
    return [fault.code for fault in faults]


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def wrong_size(content: bytes) -> bytes:
    """A package whose directory gives a wrong size for a part."""
    return content.replace(size_field(content, "xl/styles.xml"), (7).to_bytes(4, "little"))


def size_field(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.getinfo(name).file_size.to_bytes(4, "little")


def many_parts(content: bytes) -> bytes:
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a") as package:
        for number in range(200):
            package.writestr(f"xl/media/{number}.bin", b"x")
    return stream.getvalue()


def kinds(form: bytes) -> Iterator[tuple[str, bytes, str]]:
    """Name, file and code of the first fault; "" where several may come first."""
    for name, (change, code) in CHANGED.items():
        yield name, filled(form, {}, change), code
    for name, (part, data, code) in PARTS.items():
        yield name, with_part(form, part, data), code
    for at, (part, data, code) in enumerate(BOMBS):
        yield f"{part} {at} {code}", with_part(form, part, data), code
    for content, code in REFUSED_FILES:
        yield f"{code} {content[:8]!r}", content, "" if code in NO_WORKBOOK else code
    for name, start, unit in SWOLLEN:
        yield f"swollen {name}", swollen(start, unit), ""
    with zipfile.ZipFile(io.BytesIO(form)) as package:
        workbook = package.read("xl/workbook.xml")
    yield "a part of two sheets", with_part(form, "xl/workbook.xml", two_of_one_part(workbook)), "unreadable"
    yield "cut off", cut(form), "unreadable"
    yield "too many parts", many_parts(form), "too_many_parts"
    yield "a directory that lies", wrong_size(form), "unreadable"
    yield "a page", b"<html><table><tr><td>1</td></tr></table></html>", "unreadable"
    yield "a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), "unreadable"


def test_every_kind_of_bad_file_is_refused_by_the_form(as_, fields, july):
    clerk = as_("clerk")
    form, entries, tried = form_of(clerk, july), Entry.objects.count(), set()
    for name, content, code in kinds(form):
        answer = brought(clerk, content, july)
        if not content:
            assert "Tệp rỗng." in answer.content.decode()
            continue
        assert answer.status_code == 400, name
        refused = codes(answer)
        assert refused and code in ("", refused[0]), (name, refused)
        tried.add(name)
    assert not DossierCount.objects.exists() and july.editions.get().revision == 0
    assert Entry.objects.count() == entries
    print(f"{len(tried)} kinds of file")
    assert len(tried) >= 60 + len(REFUSED_CELLS)


def test_every_kind_of_bad_file_is_refused_by_the_official_form(as_, fields, july):
    clerk, tried = as_("clerk"), 0
    form, entries = clerk.get(reverse("form_of_month", args=[july.pk])).content, Entry.objects.count()
    with zipfile.ZipFile(io.BytesIO(form)) as package:
        workbook = package.read("xl/workbook.xml")
    files = [
        # This form has inline strings, so it needs no shared ones.
        *((name, with_part(form, *PARTS[name][:2])) for name in PARTS if name != "no texts"),
        *((f"{part} {code}", with_part(form, part, data)) for part, data, code in BOMBS),
        *((code, content) for content, code in REFUSED_FILES if content),
        *((f"swollen {name}", swollen(start, unit)) for name, start, unit in SWOLLEN),
        ("cut off", cut(form)),
        ("too many parts", many_parts(form)),
        ("a directory that lies", wrong_size(form)),
        ("a page", b"<html><table><tr><td>1</td></tr></table></html>"),
        ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("many sheets of one part", with_part(form, "xl/workbook.xml", two_of_one_part(workbook))),
        ("an Excel form", form_of(clerk, july)),
    ]
    for name, content in files:
        answer = official(clerk, july, content)
        assert answer.status_code in (400, 422) and answer.context["faults"], name
        assert all(fault.message and fault.row >= 1 for fault in answer.context["faults"]), name
        tried += 1
    assert not DossierCount.objects.exists() and not FormFile.objects.exists()
    assert Entry.objects.count() == entries
    print(f"{tried} kinds of file")
    assert tried >= 60


@pytest.mark.parametrize("way", ["other_unit", "no_form"])
def test_the_page_of_several_units_refuses_them_too(as_, fields, july, way):
    clerk = as_("clerk")
    form = form_of(as_("clerk"), july)
    content = filled(form, {}, CHANGED["other unit"][0] if way == "other_unit" else CHANGED["no sign"][0])
    answer = brought(clerk, content)
    assert (answer.status_code, codes(answer)) == (400, [way])
