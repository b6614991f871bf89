"""What an import did, in the shape of `--format json` (docs/codes.md lists the codes)."""

from dataclasses import dataclass, field
from typing import Any

from spreadsheets.cells import FileFault, FileFaults


@dataclass
class ImportReport:
    """Rows written and unchanged, or the faults for which nothing was written. Faults carry their file; `wrong` and
    `warned` count them all, also those that are too many to be listed. `earlier`: rows that a run before this one
    wrote, which was stopped.
    """

    written: int = 0
    unchanged: int = 0
    earlier: int = 0
    errors: list[tuple[str, FileFault]] = field(default_factory=list)
    warnings: list[tuple[str, FileFault]] = field(default_factory=list)
    wrong: int = 0
    warned: int = 0

    @classmethod
    def of(cls, name: str, errors: FileFaults, warnings: FileFaults) -> "ImportReport":
        """The faults of the file `name`, in its order."""
        return cls(
            errors=[(name, fault) for fault in errors.told()],
            warnings=[(name, fault) for fault in warnings.told()],
            wrong=errors.total,
            warned=warnings.total,
        )

    def add(self, other: "ImportReport") -> None:
        """Take in the report of one more file."""
        self.written += other.written
        self.unchanged += other.unchanged
        self.earlier += other.earlier
        self.errors += other.errors
        self.warnings += other.warnings
        self.wrong += other.wrong
        self.warned += other.warned

    def as_dict(self) -> dict[str, Any]:
        """`{"written", "unchanged", "errors", "warnings"}`; each fault with file, row, column, code, message. With
        "earlier" where there is something of it.
        """
        return {
            "written": self.written,
            "unchanged": self.unchanged,
            **({"earlier": self.earlier} if self.earlier else {}),
            "errors": [fault.as_dict(name) for name, fault in self.errors],
            "warnings": [fault.as_dict(name) for name, fault in self.warnings],
        }
