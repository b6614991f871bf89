"""The office program that readers of exports have: converts a file without a screen, with the print fonts."""

import os
import subprocess
from pathlib import Path

from django.conf import settings

FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{fonts}</dir><cachedir>{cache}</cachedir>
</fontconfig>"""


def converted(path: Path, kind: str) -> Path:
    """The file beside `path` that LibreOffice makes of it: kind "pdf", "xlsx". Its profile lies there too, so that two
    runs at once do not wait for each other.
    """
    folder = path.parent / kind
    folder.mkdir()
    (folder / "fonts.conf").write_text(FONTS.format(fonts=settings.PRINT_FONTS, cache=folder / "cache"))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", str(folder), str(path)]
    environment = os.environ | {"FONTCONFIG_FILE": str(folder / "fonts.conf"), "HOME": str(folder)}
    subprocess.run(command, check=True, capture_output=True, env=environment, timeout=180)
    return folder / f"{path.stem}.{kind}"


def text_of(path: Path) -> str:
    """The text of a PDF as it stands on its pages."""
    run = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True)
    return run.stdout
