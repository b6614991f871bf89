"""A review renders to the same bytes in another process, from another folder and on the other database."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def rendered_elsewhere(data: Path, folder: Path, *before: str) -> tuple[str, ...]:
    """Database vendor, number of bytes and their SHA-256, from a process without this one's environment but PATH, in
    another time zone and with another hash seed.
    """
    data.mkdir()
    folder.mkdir(exist_ok=True)
    about = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": str(len(str(folder))),
        "TZ": "America/Lima",
        "CCHC_DATA": str(data),
        "CCHC_DEBUG": "1",
    }
    run = subprocess.run(
        [*before, sys.executable, "-m", "tests.reports.pdf.render_elsewhere"],
        env=about, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    return tuple(run.stdout.split())


def test_another_process_folder_and_database(tmp_path):
    first = rendered_elsewhere(tmp_path / "a", tmp_path)
    other = rendered_elsewhere(
        tmp_path / "b", tmp_path / "another folder", str(ROOT / "scripts" / "with-postgres")
    )
    assert (first[0], other[0]) == ("sqlite", "postgresql")
    assert int(first[1]) > 50_000
    assert first[1:] == other[1:]
