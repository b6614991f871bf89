"""What a planted fault is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Name, file, the text to replace and its replacement, and the tests that should fail."""

    name: str
    file: str
    old: str
    new: str
    tests: str
