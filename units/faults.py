"""What is wrong with a file, and where."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong and where: `column` its name in the header, `cell` its address in an XLSX ("C5")."""

    row: int
    column: str
    code: str
    message: str
    cell: str = ""

    def as_dict(self, filename: str) -> dict[str, int | str]:
        """The shape of `--format json` (interfaces.md); `cell` only for XLSX."""
        place = {"file": filename, "row": self.row, "column": self.column}
        return (
            place | {"code": self.code, "message": self.message} | ({"cell": self.cell} if self.cell else {})
        )

    def __str__(self) -> str:
        place = f"Dòng {self.row}" + (f", cột {self.column}" if self.column else "")
        return f"{place}{f' (ô {self.cell})' if self.cell else ''}: {self.message}"


class Faults(list[Fault]):
    """Faults of a file: the first MOST are kept, the others counted, so that a bad file stays small in memory."""

    MOST = 10_000

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        super().__init__()
        self.untold = 0
        self.extend(faults)

    @property
    def full(self) -> bool:
        return self.untold > 0

    @property
    def total(self) -> int:
        return len(self) + self.untold

    def append(self, fault: Fault) -> None:
        if len(self) < self.MOST:
            super().append(fault)
        else:
            self.untold += 1

    def extend(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self.append(fault)

    def __iadd__(self, faults: Iterable[Fault]) -> "Faults":
        self.extend(faults)
        return self

    def told(self) -> list[Fault]:
        """In the order of the file; where there are too many, a last one says how many more."""
        found = sorted(self, key=lambda fault: fault.row)
        if self.untold:
            message = f"Còn ít nhất {self.untold} lỗi nữa; chỉ liệt kê {self.MOST} lỗi đầu."
            found.append(Fault(1, "", "more_faults", message))
        return found
