"""Which official forms there are and which one is in force on a day: files of data, ours and those that an
administrator has put beside the database (docs/forms.md). Read anew as soon as a file changes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from figures.form_data import FormError, form_of
from figures.forms import Form

# Annex of a review, and what a unit sends in as a file.
DOSSIER_FORM = "ii-06a"
LARGEST = 256 * 1024


@dataclass(frozen=True)
class Forms:
    """All forms that can be used, and what is wrong with the files that cannot: (name of the file, words)."""

    all: tuple[Form, ...]
    faults: tuple[tuple[str, str], ...]

    def in_force(self, day: date) -> list[Form]:
        """Those that are used on a day, by code: valid, and not replaced by another one that is."""
        valid = [form for form in self.all if form.valid_on(day)]
        replaced = {form.replaces for form in valid}
        return sorted((form for form in valid if form.key not in replaced), key=lambda form: form.code)

    def on(self, key: str, day: date) -> Form | None:
        """The form of a key, or what has taken its place by a day; None where there is no such form."""
        found = next((form for form in self.all if form.key == key), None)
        while found is not None and (follows := self._successor(found, day)) is not None:
            found = follows
        return found

    def _successor(self, form: Form, day: date) -> Form | None:
        later = (one for one in self.all if one.replaces == form.key and one.valid_from is not None)
        return next((one for one in later if one.valid_from <= day), None)


def forms() -> Forms:
    """All forms. A file that cannot be used is left out and told; it stops no other."""
    found: dict[str, Form] = {}
    faults: list[tuple[str, str]] = []
    for path in _files():
        try:
            stat = path.stat()
            form = _read(path, stat.st_mtime_ns, stat.st_size)
            _fits(form, found)
            found[form.key] = form
        except (FormError, OSError) as error:
            faults.append((path.name, str(error)))
    return Forms(tuple(found.values()), tuple(faults))


def _files() -> Iterator[Path]:
    """Ours first, each folder by name."""
    for folder in settings.FORM_DIRS:
        yield from sorted(Path(folder).glob("*.json"))


@lru_cache(maxsize=200)
def _read(path: Path, changed: int, size: int) -> Form:
    """`changed` and `size` are part of what is remembered: a file that was changed is read anew."""
    if size > LARGEST:
        raise FormError(f"Tệp lớn hơn {LARGEST // 1024} KB.")
    try:
        return form_of(json.loads(path.read_text(encoding="utf-8-sig")))
    except json.JSONDecodeError as error:
        raise FormError(f"Dòng {error.lineno}, cột {error.colno}: không phải JSON.") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise FormError("Không đọc được: tệp phải là JSON, bảng mã UTF-8.") from error


def _fits(form: Form, known: dict[str, Form]) -> None:
    """A key is one form's, and what replaces another one says from when."""
    if form.key in known:
        raise FormError(f"key: “{form.key}” đã là của biểu {known[form.key].code}.")
    if form.replaces and form.replaces not in known:
        raise FormError(f"replaces: không có biểu “{form.replaces}” (đọc trước biểu này theo tên tệp).")
    if form.replaces and form.valid_from is None:
        raise FormError("valid_from: biểu thay thế phải có ngày bắt đầu áp dụng.")
    if any(one.replaces == form.replaces for one in known.values() if form.replaces):
        raise FormError(f"replaces: biểu “{form.replaces}” đã có biểu khác thay thế.")
