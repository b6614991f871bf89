"""What a planted fault is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What is taken away, in words; where; what stands there and what is put in its place; the tests that are near."""

    name: str
    file: str
    old: str
    new: str
    tests: str
