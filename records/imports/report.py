"""What an import did, in the shape of `--format json` (docs/codes.md lists the codes)."""

from dataclasses import dataclass, field
from typing import Any

from units.tabular import Fault


@dataclass
class Report:
    """Rows written and unchanged, or the faults for which nothing was written. Faults carry their file."""

    written: int = 0
    unchanged: int = 0
    errors: list[tuple[str, Fault]] = field(default_factory=list)
    warnings: list[tuple[str, Fault]] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Take in the report of one more file."""
        self.written += other.written
        self.unchanged += other.unchanged
        self.errors += other.errors
        self.warnings += other.warnings

    def as_dict(self) -> dict[str, Any]:
        """`{"written", "unchanged", "errors", "warnings"}`; each fault with file, row, column, code, message."""
        return {
            "written": self.written,
            "unchanged": self.unchanged,
            "errors": [fault.as_dict(name) for name, fault in self.errors],
            "warnings": [fault.as_dict(name) for name, fault in self.warnings],
        }


def in_order(faults: list[Fault]) -> list[Fault]:
    """As they stand in the file."""
    return sorted(faults, key=lambda fault: fault.row)
