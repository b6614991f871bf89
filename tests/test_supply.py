"""What the product is built of: pinned, hashed, told why, under known licences (acceptance S30, S32)."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finders

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["requirements.txt", "requirements-dev.txt", "requirements-node.txt", "requirements-peers.txt"]
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+) \\$", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
# Free, and no duty on those who run the product; LGPL and MPL parts are used as separate, unchanged packages.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|OFL|PSF|MPL|Mozilla Public|LGPL|Lesser General Public|Zlib|ISC|HPND|Unlicense"
)


def pinned(lock: str) -> list[tuple[str, str]]:
    """Name and version of each package of a lock file."""
    return PINNED.findall((ROOT / lock).read_text())


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes_and_no_host(lock):
    text = (ROOT / lock).read_text()
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    packages = [block for block in blocks if block[:1].isalnum()]
    assert packages
    assert not [block.split()[0] for block in packages if not PINNED.match(block) or not HASH.search(block)]
    assert "://" not in text


@pytest.mark.parametrize(
    "source", ["requirements.in", "requirements-dev.in", "requirements-node.in", "requirements-peers.in"]
)
def test_every_requirement_is_exact_and_says_why(source):
    lines = [line for line in (ROOT / source).read_text().splitlines() if not line.startswith("-r ")]
    for before, line in zip(lines, lines[1:], strict=False):
        if line and not line.startswith("#"):
            assert re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", line), line
            assert before.startswith("# "), f"{line} does not say why it is there"


def test_lock_holds_what_is_required():
    locked = {name.lower(): version for name, version in pinned("requirements.txt")}
    for line in (ROOT / "requirements.in").read_text().splitlines():
        if line and not line.startswith("#"):
            name, version = line.lower().split("==")
            assert locked[name] == version, f"run scripts/lock: {line}"


def test_front_end_lock_has_digests_and_no_host():
    text = (ROOT / "package-lock.json").read_text()
    packages = [entry for path, entry in json.loads(text)["packages"].items() if path]
    assert all(entry["integrity"].startswith("sha512-") for entry in packages)
    assert not any("resolved" in entry for entry in packages)


def test_altered_hash_is_refused(tmp_path):
    """pip refuses a file that is not the locked one, whatever the index says."""
    block = re.search(
        r"^whitenoise==.*?(?=^\S)", (ROOT / "requirements.txt").read_text(), re.DOTALL | re.MULTILINE
    )
    for lock, code in ((block[0], 0), (re.sub(r"sha256:.{8}", "sha256:00000000", block[0]), 1)):
        (tmp_path / "lock.txt").write_text(lock)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--require-hashes",
            "--only-binary",
            ":all:",
        ]
        run = subprocess.run(
            [*command, "--dest", str(tmp_path / str(code)), "-r", str(tmp_path / "lock.txt")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == code, run.stderr


def test_python_licences_are_allowed():
    for name, _ in pinned("requirements.txt"):
        about = metadata.metadata(name)
        said = [about.get("License-Expression"), about.get("License"), *about.get_all("Classifier", [])]
        assert any(ALLOWED.search(words) for words in said if words), f"{name}: {said}"


def test_front_end_licences_are_allowed():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for path, entry in packages.items():
        assert not path or ALLOWED.search(entry["license"]), path


def test_no_static_path_is_of_highcharts():
    """django-chartjs brings one with a licence of its own; outside INSTALLED_APPS it is never found."""
    paths = [path for finder in get_finders() for path, _ in finder.list([])]
    assert "vendor/chart.umd.min.js" in paths
    assert not [path for path in paths if "highcharts" in path.lower()]
