"""The load tool (locust), run in a process of its own beside the product."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.server import ROOT

TOOL = ROOT / "build" / "drill"
_MORE_SECONDS = 180


class Answered(NamedTuple):
    """What became of one kind of request; milliseconds."""

    name: str
    requests: int
    failures: int
    per_second: float
    p50: float
    p95: float
    p99: float
    most: float

    def __str__(self) -> str:
        return (
            f"{self.requests:,} ({self.per_second:.1f}/s), {self.failures} failed; p50 {self.p50:.0f}, "
            f"p95 {self.p95:.0f}, p99 {self.p99:.0f}, most {self.most:.0f} ms"
        )


def swarm(
    address: str, folder: Path, given: dict[str, Any], *, seconds: float, rate: float
) -> list[Answered]:
    """Let locust's users come, so many a second, and act for so long. Errors: RuntimeError where it could not run."""
    (folder / "load.json").write_text(json.dumps(given), encoding="utf-8")
    users = given["saving"] + given["reading"] + given["sending"] + min(1, len(given["drawn"]))
    script = Path(__file__).with_name("locustfile.py")
    command = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        script,
        "--headless",
        "--only-summary",
        "--host",
        address,
    ]
    command += ["-u", str(users), "-r", str(rate), "-t", f"{seconds:.0f}s", "--csv", folder / "told"]
    done = subprocess.run(
        [*command, "--stop-timeout", "60"],
        cwd=folder,
        env=os.environ | {"CCHC_LOAD": str(folder / "load.json"), "PYTHONPATH": str(TOOL)},
        capture_output=True,
        text=True,
        timeout=seconds + _MORE_SECONDS,
    )
    told = folder / "told_stats.csv"
    # It ends with 1 where a request failed, which is a result.
    if done.returncode not in (0, 1) or not told.exists():
        raise RuntimeError(f"locust ended with {done.returncode}: {done.stderr[-2000:]}")
    with told.open(encoding="utf-8", newline="") as lines:
        return [_answered(line) for line in csv.DictReader(lines) if line["Name"] != "Aggregated"]


def failures(folder: Path) -> list[str]:
    """What failed, in locust's words, each kind once; its users' own faults too."""
    found = []
    with (folder / "told_failures.csv").open(encoding="utf-8", newline="") as lines:
        found += [
            f"{one['Name']}: {one['Error'][:200]} ({one['Occurrences']} times)"
            for one in csv.DictReader(lines)
        ]
    with (folder / "told_exceptions.csv").open(encoding="utf-8", newline="") as lines:
        found += [f"{one['Message'][:200]} ({one['Count']} times)" for one in csv.DictReader(lines)]
    return found


def _answered(line: dict[str, str]) -> Answered:
    numbers = (line["50%"], line["95%"], line["99%"], line["Max Response Time"])
    return Answered(
        line["Name"],
        int(line["Request Count"]),
        int(line["Failure Count"]),
        float(line["Requests/s"]),
        *(float(number) if number != "N/A" else 0.0 for number in numbers),
    )
