"""The faults of `scripts/drill --only planted` still apply to the code."""

from pathlib import Path

import pytest
from django.conf import settings

from drill.code_faults import FAULTS
from drill.planted_faults import planted


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_what_a_fault_takes_away_stands_there_once(fault):
    root = Path(settings.BASE_DIR)
    text = (root / fault.file).read_text(encoding="utf-8")
    assert planted(text, fault) != text
    assert all((root / name).is_file() for name in fault.tests.split())
