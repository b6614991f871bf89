"""Locates Chromium and its launch options: no background traffic, and no sandbox for root."""

import os
import shutil

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
QUIET = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch_options() -> dict:
    """Arguments of Playwright's `launch`. Errors: LookupError without a browser."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise LookupError(f"no browser on PATH: one of {', '.join(NAMES)} is needed (Debian: chromium)")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": path, "args": QUIET + sandbox}
