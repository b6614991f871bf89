"""Measures two functions against each other; reads, writes and prints the results."""

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cchc_dashboard.monitoring import workers

Act = Callable[[], Any]


@dataclass(frozen=True)
class Result:
    """One row of the table: our cost and the reference's, in the same unit; lower is better."""

    name: str
    scale: str
    ours: float
    reference: float
    unit: str = "ms"
    goal: float | None = None

    @property
    def ratio(self) -> float:
        return self.ours / self.reference

    @property
    def met(self) -> bool | None:
        """Whether the ratio meets its goal; None without a goal."""
        return None if self.goal is None else self.ratio <= self.goal

    def as_dict(self) -> dict[str, Any]:
        """The published shape of bench/latest.json."""
        return {
            "name": self.name,
            "scale": self.scale,
            "ours": round(self.ours, 3),
            "reference": round(self.reference, 3),
            "unit": self.unit,
            "ratio": round(self.ratio, 3),
            "goal": self.goal,
            "met": self.met,
        }

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """Read back what `as_dict` wrote."""
        return cls(*(data[name] for name in ("name", "scale", "ours", "reference", "unit", "goal")))


def versus(
    ours: Act, reference: Act, *, times: int = 7, warm: int = 1, between: Act = lambda: None
) -> tuple[float, float]:
    """Median milliseconds of both. They run alternately and swap who goes first, so that warm caches and busy minutes
    affect both alike. `warm` runs of each and the calls of `between` do not count.
    """
    for _ in range(warm):
        ours()
        reference()
    # As gunicorn.conf.py does.
    workers.tune_gc()
    seconds: dict[Act, list[float]] = {ours: [], reference: []}
    for turn in range(times):
        for act in (ours, reference) if turn % 2 == 0 else (reference, ours):
            between()
            seconds[act].append(timed(act))
    return tuple(1000 * statistics.median(seconds[act]) for act in (ours, reference))


def timed(act: Act) -> float:
    """Seconds of one run, after a garbage collection."""
    gc.collect()
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def write(results: Iterable[Result], path: Path) -> None:
    """Write bench/latest.json."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [result.as_dict() for result in results]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> list[Result]:
    """The results of an earlier run; empty without a file."""
    return [Result.of(data) for data in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []


def table(results: Iterable[Result]) -> str:
    """The results as lines of text."""
    heads = ("what", "scale", "ours", "reference", "unit", "ratio", "goal", "met")
    lines = [heads, *map(_line, results)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if place in (0, 1, 4) else text.rjust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _line(result: Result) -> tuple[str, ...]:
    goal = "" if result.goal is None else f"{result.goal:g}"
    met = {True: "yes", False: "NO", None: ""}[result.met]
    numbers = (f"{result.ours:,.1f}", f"{result.reference:,.1f}", result.unit, f"{result.ratio:.2f}")
    return (result.name, result.scale, *numbers, goal, met)


def say(text: str) -> None:
    """Print progress to stderr."""
    print(text, file=sys.stderr, flush=True)
