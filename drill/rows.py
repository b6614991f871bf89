"""One row of the drills' table, and bench/drill.json."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """The result of a drill.

    acts: requests that got a response; acknowledged: successful saves and sendings; lost: of these, not stored
    afterwards; faults: number of planted faults; broken: failed checks as sentences; measured: by name and unit.
    """

    name: str
    database: str
    seconds: float
    acts: int = 0
    acknowledged: int = 0
    lost: int = 0
    faults: int = 0
    broken: tuple[str, ...] = ()
    measured: dict[str, float | str] = field(default_factory=dict)
    at: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}")

    @property
    def held(self) -> bool:
        """Whether nothing was lost and all checks passed."""
        return not self.lost and not self.broken


def write(rows: Iterable[Row], path: Path) -> None:
    """Write bench/drill.json."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = [asdict(row) | {"seconds": round(row.seconds, 1), "held": row.held} for row in rows]
    path.write_text(json.dumps(listed, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> list[Row]:
    """The rows of earlier runs; empty without a file."""
    listed = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [
        Row(
            **{name: value for name, value in stored.items() if name != "held"}
            | {"broken": tuple(stored["broken"])}
        )
        for stored in listed
    ]


def table(rows: Iterable[Row]) -> str:
    """The rows as text, each followed by its measurements and failed checks."""
    heads = ("drill", "database", "seconds", "acts", "acknowledged", "lost", "faults", "held")
    lines, notes = [heads], [""]
    for row in rows:
        numbers = (
            f"{row.seconds:,.0f}",
            *(f"{n:,}" for n in (row.acts, row.acknowledged, row.lost, row.faults)),
        )
        lines.append((row.name, row.database, *numbers, "yes" if row.held else "NO"))
        notes_of_row = [f"{name}: {value}" for name, value in row.measured.items()]
        notes.append("".join(f"\n    {line}" for line in [*notes_of_row, *row.broken]))
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if place < 2 else text.rjust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        + note
        for line, note in zip(lines, notes, strict=True)
    )
