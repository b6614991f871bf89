"""Reads the files of the demo fixture."""

import json
from pathlib import Path
from typing import Any

from units.models import Unit


class FixtureError(ValueError):
    """The fixture could not be loaded; the text says what was wrong, in Vietnamese."""


def read_json(path: Path) -> Any:
    """What a JSON file of the fixture says."""
    return json.loads(path.read_text(encoding="utf-8"))


def refuse_faults(faults: list) -> None:
    """Errors: Broken with the first fault."""
    if faults:
        raise FixtureError(f"Dữ liệu minh họa không nạp được: {faults[0]}")


def unit_of_code(code: str) -> Unit:
    """The demo's unit of a code: the demo knows each code once."""
    return Unit.objects.filter(code=code).order_by("active_from").first() or _missing(code)


def _missing(code: str) -> Unit:
    raise FixtureError(f"Dữ liệu minh họa nhắc đến đơn vị {code} không có.")
