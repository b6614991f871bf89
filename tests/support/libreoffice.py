"""Converts files with headless LibreOffice and the print fonts."""

import os
import re
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
from django.conf import settings

FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{fonts}</dir><cachedir>{cache}</cachedir>
</fontconfig>"""


def converted(path: Path, kind: str) -> Path:
    """Convert to a file beside `path`: kind "pdf", "xlsx". Its profile is there too, so that two runs do not wait for
    each other.
    """
    folder = path.parent / kind
    folder.mkdir()
    (folder / "fonts.conf").write_text(FONTS.format(fonts=settings.PRINT_FONTS, cache=folder / "cache"))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", str(folder), str(path)]
    environment = os.environ | {"FONTCONFIG_FILE": str(folder / "fonts.conf"), "HOME": str(folder)}
    subprocess.run(command, check=True, capture_output=True, env=environment, timeout=180)
    return folder / f"{path.stem}.{kind}"


def recalculated(content: bytes, folder: Path) -> openpyxl.Workbook:
    """The workbook as LibreOffice computes it, after removing the cached results."""
    path = folder / "figures.xlsx"
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name.startswith("xl/worksheets/"):
                part, removed = re.subn(rb"(</f>)<v>[^<]*</v>", rb"\1", part)
                assert removed or b"<f>" not in part
            target.writestr(name, part)
    return openpyxl.load_workbook(converted(path, "xlsx"), data_only=True)


def text_of(path: Path) -> str:
    """The text of a PDF in its layout."""
    run = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True)
    return run.stdout
