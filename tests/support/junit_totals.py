"""Totals of a pytest report: python -m tests.support.junit_totals REPORT.xml prints "passed failed skipped"."""

import sys
from pathlib import Path
from xml.etree import ElementTree


def report_totals(report: Path) -> tuple[int, int, int]:
    """Passed, failed (with errors) and skipped tests of a JUnit report; (0, 1, 0) if the file is missing."""
    if not report.is_file():
        return 0, 1, 0
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in suites:
        for name in totals:
            totals[name] += int(suite.get(name, "0"))
    failed = totals["failures"] + totals["errors"]
    # An error in fixture teardown counts besides the passed test.
    return max(totals["tests"] - failed - totals["skipped"], 0), failed, totals["skipped"]


if __name__ == "__main__":
    sys.stdout.write("{} {} {}\n".format(*report_totals(Path(sys.argv[1]))))
