"""The catalogue of a unit's descriptive texts, each with the files, forms and API responses that contain it."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class UnitDetail:
    """A descriptive text of a unit.

    ``name``: the field of Unit and UnitDraft, also in the log, in JSON and as a column of files. ``in_files``: an
    optional column of import_units, the list of units and the open data. ``form_field``: the form's field, if not
    ``name``.
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
        return self.form_field or self.name


# In the order of page, form and files.
DETAILS: tuple[UnitDetail, ...] = (
    UnitDetail("legal_basis", "Căn cứ", 300, "Số, ngày của văn bản.", False, False, "basis"),
)
IN_FILES = tuple(detail for detail in DETAILS if detail.in_files)
IN_API = tuple(detail for detail in DETAILS if detail.in_api)


def detail_texts(unit: object, details: tuple[UnitDetail, ...] = DETAILS) -> dict[str, str]:
    """The details of a unit or draft by name."""
    return {detail.name: getattr(unit, detail.name) for detail in details}


def labelled_details(unit: object) -> Iterator[tuple[str, str]]:
    """Label and text of the details that are not blank."""
    return ((detail.label, text) for detail in DETAILS if (text := getattr(unit, detail.name)))
