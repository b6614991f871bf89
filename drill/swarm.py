"""Runs the load tool (locust) in its own process."""

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


class RequestStats(NamedTuple):
    """Statistics of one kind of request; times in milliseconds."""

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
    address: str, folder: Path, plan: dict[str, Any], *, seconds: float, rate: float
) -> list[RequestStats]:
    """Run locust for `seconds`, starting `rate` users a second. Errors: RuntimeError if it cannot run."""
    (folder / "load.json").write_text(json.dumps(plan), encoding="utf-8")
    users = plan["saving"] + plan["reading"] + plan["sending"] + min(1, len(plan["drawn"]))
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
    command += ["-u", str(users), "-r", str(rate), "-t", f"{seconds:.0f}s", "--csv", folder / "result"]
    process = subprocess.run(
        [*command, "--stop-timeout", "60"],
        cwd=folder,
        env=os.environ | {"CCHC_LOAD": str(folder / "load.json"), "PYTHONPATH": str(TOOL)},
        capture_output=True,
        text=True,
        timeout=seconds + _MORE_SECONDS,
    )
    statistics = folder / "result_stats.csv"
    # Exit code 1 means failed requests, which is a result.
    if process.returncode not in (0, 1) or not statistics.exists():
        raise RuntimeError(f"locust ended with {process.returncode}: {process.stderr[-2000:]}")
    with statistics.open(encoding="utf-8", newline="") as lines:
        return [_request_stats(line) for line in csv.DictReader(lines) if line["Name"] != "Aggregated"]


def failures(folder: Path) -> list[str]:
    """Locust's failures and exceptions, each kind once."""
    sentences = []
    with (folder / "result_failures.csv").open(encoding="utf-8", newline="") as lines:
        sentences += [
            f"{line['Name']}: {line['Error'][:200]} ({line['Occurrences']} times)"
            for line in csv.DictReader(lines)
        ]
    with (folder / "result_exceptions.csv").open(encoding="utf-8", newline="") as lines:
        sentences += [f"{line['Message'][:200]} ({line['Count']} times)" for line in csv.DictReader(lines)]
    return sentences


def _request_stats(line: dict[str, str]) -> RequestStats:
    numbers = (line["50%"], line["95%"], line["99%"], line["Max Response Time"])
    return RequestStats(
        line["Name"],
        int(line["Request Count"]),
        int(line["Failure Count"]),
        float(line["Requests/s"]),
        *(float(number) if number != "N/A" else 0.0 for number in numbers),
    )
