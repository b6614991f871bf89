#!/usr/bin/env python3
"""Enters and sends one month of one unit, then reads the figures, as a one-stop system does each month.

    CCHC_TOKEN=cchc_… python3 api_client.py https://cchc.example.gov.vn 13474 2022-M07 rows.json

rows.json: the rows as in docs/api.md. Needs only Python 3.11. Exit 0 done, 1 refused.
"""

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


def main(server: str, unit: str, month: str, file: str) -> int:
    with open(file, encoding="utf-8") as opened:
        rows = json.load(opened)
    address = f"{server}/api/v1/submissions/{urllib.parse.quote(unit, safe='')}/{month}"
    status, before = ask("GET", address)
    if status != 200:
        return print_problem(before)
    body = {"revision": before["revision"], "send": True, "rows": rows}
    # The same content has the same key, so that it can be repeated after a network failure.
    key = hashlib.sha256(json.dumps([unit, month, body], sort_keys=True).encode()).hexdigest()
    status, after = ask("PUT", address, body, key)
    if status != 200:
        return print_problem(after)
    print(f"{after['name']}, {after['month']}: {after['state']}, revision {after['revision']}")
    for finding in after["findings"]:
        print(f"  {finding['severity']} {finding['field']} {finding['measure'] or ''}: {finding['message']}")
    query = urllib.parse.urlencode({"unit": unit, "period": month, "include": "submitted"})
    status, summary = ask("GET", f"{server}/api/v1/summary?{query}")
    print(f"received: {summary['total']['counts']['received']}" if status == 200 else summary["detail"])
    return 0


def ask(method: str, address: str, body: dict | None = None, key: str = "") -> tuple[int, dict]:
    """Status and content of an answer; retried when the server is down or asks to wait."""
    headers = {"Authorization": f"Bearer {os.environ['CCHC_TOKEN']}", "Accept": "application/json"}
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers |= {"Content-Type": "application/json", "Idempotency-Key": key}
    for pause in (1, 5, 25, None):
        request = urllib.request.Request(address, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            if refused.code not in (429, 503) or pause is None:
                return refused.code, json.load(refused)
            pause = int(refused.headers.get("Retry-After") or pause)
        except OSError:
            if pause is None:
                raise
        time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def print_problem(problem: dict) -> int:
    """Print the refusal, each fault with its place in rows.json, and conflicting changes of others."""
    print(f"{problem['status']} {problem['code']}: {problem['detail']}", file=sys.stderr)
    for error in problem.get("errors", ()):
        print(f"  {error['pointer'] or 'stored'}: {error['message']}", file=sys.stderr)
    for cell in problem.get("cells", ()):
        line = f"{cell['field']} {cell['measure']}: {cell['mine']} here, {cell['theirs']} by {cell['by']}"
        print(f"  {line}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
