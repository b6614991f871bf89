"""The catalogue of a unit's descriptive texts, each with the files, forms and answers in which it stands."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class UnitDetail:
    """One text of a unit.

    ``name``: of the field of Unit and Draft, in the log, as a column of files and in JSON. ``in_files``: import_units
    reads it (a column that may be left out), the list of units and the open data have it. ``in_api``: so has the API.
    ``form_field``: its name in the form, where that is not ``name``.
    """

    name: str
    label: str
    longest: int
    help: str = ""
    in_files: bool = True
    in_api: bool = True
    form_field: str = ""

    @property
    def field(self) -> str:
        """Its name in the form."""
        return self.form_field or self.name


# In the order of page, form and files.
DETAILS: tuple[UnitDetail, ...] = (
    UnitDetail("legal_basis", "Căn cứ", 300, "Số, ngày của văn bản.", False, False, "basis"),
)
IN_FILES = tuple(detail for detail in DETAILS if detail.in_files)
IN_API = tuple(detail for detail in DETAILS if detail.in_api)


def detail_texts(of: object, details: tuple[UnitDetail, ...] = DETAILS) -> dict[str, str]:
    """The details of a unit or draft by name."""
    return {detail.name: getattr(of, detail.name) for detail in details}


def labelled_details(of: object) -> Iterator[tuple[str, str]]:
    """Label and text of those that a unit has."""
    return ((detail.label, text) for detail in DETAILS if (text := getattr(of, detail.name)))
