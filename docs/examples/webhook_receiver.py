#!/usr/bin/env python3
"""Receives pushed months, verifies their signature, and prints each once.

    CCHC_SECRET=whsec_… python3 webhook_receiver.py 8099

Needs only Python 3.11. A real receiver runs behind TLS and stores the ids in its database.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

OLDEST = 300  # seconds; older messages may be replays
seen: set[str] = set()


def genuine(secret: str, headers, body: bytes, now: float) -> bool:
    """Whether the holder of the secret signed this body at about this time."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    event, sent = headers["Webhook-Id"] or "", headers["Webhook-Timestamp"] or ""
    if not sent.isdigit() or abs(now - int(sent)) > OLDEST:
        return False
    signed = f"{event}.{sent}.".encode() + body
    right = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return any(
        hmac.compare_digest(right, signature) for signature in (headers["Webhook-Signature"] or "").split()
    )


class WebhookHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if not genuine(os.environ["CCHC_SECRET"], self.headers, body, time.time()):
            self.send_response(401)
        else:
            event = json.loads(body)
            if event["id"] not in seen:
                seen.add(event["id"])
                month = event["data"]
                print(
                    month["unit"], month["month"], month["edition"], month["totals"]["received"], flush=True
                )
            self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    HTTPServer(("127.0.0.1", int(sys.argv[1])), WebhookHandler).serve_forever()
