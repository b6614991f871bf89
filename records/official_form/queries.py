"""Which official forms exist and which is in force on a day: data files, reread on change (docs/forms.md)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from figures.official_forms import FormError, OfficialForm, read_form

# Annex of a review, and what a unit sends in as a file.
DOSSIER_FORM = "ii-06a"
MAX_FILE_BYTES = 256 * 1024


@dataclass(frozen=True)
class OfficialForms:
    """All forms that can be used, and what is wrong with the files that cannot: (name of the file, words)."""

    all: tuple[OfficialForm, ...]
    faults: tuple[tuple[str, str], ...]

    def in_force(self, day: date) -> list[OfficialForm]:
        """Those that are used on a day, by code: valid, and not replaced by another one that is."""
        valid = [form for form in self.all if form.valid_on(day)]
        replaced = {form.replaces for form in valid}
        return sorted((form for form in valid if form.key not in replaced), key=lambda form: form.code)

    def on(self, key: str, day: date) -> OfficialForm | None:
        """The form of a key, or what has taken its place by a day; None where there is no such form."""
        found = next((form for form in self.all if form.key == key), None)
        while found is not None and (follows := self._successor(found, day)) is not None:
            found = follows
        return found

    def _successor(self, form: OfficialForm, day: date) -> OfficialForm | None:
        later = (one for one in self.all if one.replaces == form.key and one.valid_from is not None)
        return next((one for one in later if one.valid_from <= day), None)


def official_forms() -> OfficialForms:
    """All forms. A file that cannot be used is left out and told; it stops no other."""
    found: dict[str, OfficialForm] = {}
    faults: list[tuple[str, str]] = []
    for path in _files():
        try:
            stat = path.stat()
            form = _read(path, stat.st_mtime_ns, stat.st_size)
            _fits(form, found)
            found[form.key] = form
        except (FormError, OSError) as error:
            faults.append((path.name, str(error)))
    return OfficialForms(tuple(found.values()), tuple(faults))


def _files() -> Iterator[Path]:
    """Ours first, each folder by name."""
    for folder in settings.FORM_DIRS:
        yield from sorted(Path(folder).glob("*.json"))


@lru_cache(maxsize=200)
def _read(path: Path, changed: int, size: int) -> OfficialForm:
    """`changed` and `size` are part of what is remembered: a file that was changed is read anew."""
    if size > MAX_FILE_BYTES:
        raise FormError(f"Tệp lớn hơn {MAX_FILE_BYTES // 1024} KB.")
    try:
        return read_form(json.loads(path.read_text(encoding="utf-8-sig")))
    except json.JSONDecodeError as error:
        raise FormError(f"Dòng {error.lineno}, cột {error.colno}: không phải JSON.") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise FormError("Không đọc được: tệp phải là JSON, bảng mã UTF-8.") from error


def _fits(form: OfficialForm, known: dict[str, OfficialForm]) -> None:
    """A key is one form's, and what replaces another one says from when."""
    if form.key in known:
        raise FormError(f"key: “{form.key}” đã là của biểu {known[form.key].code}.")
    if form.replaces and form.replaces not in known:
        raise FormError(f"replaces: không có biểu “{form.replaces}” (đọc trước biểu này theo tên tệp).")
    if form.replaces and form.valid_from is None:
        raise FormError("valid_from: biểu thay thế phải có ngày bắt đầu áp dụng.")
    if any(one.replaces == form.replaces for one in known.values() if form.replaces):
        raise FormError(f"replaces: biểu “{form.replaces}” đã có biểu khác thay thế.")
