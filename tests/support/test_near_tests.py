"""Near tests are found by path, by import, by template and through the file's users."""

from pathlib import Path

import pytest

from .near_tests import ROOT, near


@pytest.mark.parametrize(
    ("file", "test"),
    [
        ("figures/periods.py", "tests/figures/test_periods.py"),
        ("ledger/log.py", "tests/ledger/test_append_only.py"),
        ("core/encryption.py", "tests/accounts/test_second_factor.py"),
        ("tests/figures", "tests/figures/test_periods.py"),
        ("tests/support/near_tests.py", "tests/support/test_near_tests.py"),
    ],
)
def test_what_tests_a_file_is_near_it(file, test):
    assert Path(test) in near(ROOT / file)


def test_a_missing_file_is_an_error():
    with pytest.raises(FileNotFoundError):
        near(ROOT / "figures" / "nothing.py")
