"""Dependencies are pinned, hashed, explained and under allowed licences (acceptance S30, S32)."""

import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finders

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ("requirements-peers", "requirements-superset", "requirements-drill")
SETS = ("requirements", "requirements-dev", "requirements-node", *BESIDE)
LOCKS = [f"{name}.txt" for name in SETS]
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+) \\$", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
# Free licences without duties for operators; LGPL and MPL packages are used separately and unchanged.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|OFL|PSF|Python Software Foundation|MPL|Mozilla Public|LGPL|Lesser General Public|Zlib"
    r"|ISC|HPND|Unlicense"
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


@pytest.mark.parametrize("source", [f"{name}.in" for name in SETS])
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


def test_altered_digest_of_a_front_end_package_is_refused(tmp_path):
    """npm, called as scripts/frontend does, with one package of the lock."""
    where = "node_modules/@kurkle/color"
    entry = json.loads((ROOT / "package-lock.json").read_text())["packages"][where]
    whole = {"name": "one", "version": "1.0.0", "dependencies": {"@kurkle/color": entry["version"]}}
    call = [
        "sh",
        "-c",
        '. scripts/common.sh; in_npm "$1" ci --ignore-scripts --no-audit',
        "scripts/x",
        tmp_path,
    ]
    for integrity, code in ((entry["integrity"], 0), ("sha512-" + "A" * 86 + "==", 1)):
        lock = {"lockfileVersion": 3, "packages": {"": whole, where: entry | {"integrity": integrity}}}
        (tmp_path / "package.json").write_text(json.dumps(whole))
        (tmp_path / "package-lock.json").write_text(json.dumps(whole | lock))
        run = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
        assert bool(run.returncode) is bool(code), run.stderr
    assert "EINTEGRITY" in run.stderr


@pytest.fixture(scope="module")
def bill(tmp_path_factory) -> Path:
    """The folder that scripts/sbom wrote."""
    target = tmp_path_factory.mktemp("sbom")
    subprocess.run([ROOT / "scripts" / "sbom", target], check=True, capture_output=True)
    return target


def parts(bill: Path, kind: str) -> list[dict]:
    whole = json.loads((bill / f"{kind}.cdx.json").read_text())
    assert whole["bomFormat"] == "CycloneDX"
    return whole["components"]


def test_the_bill_of_python_parts_is_what_is_locked_file_by_file(bill):
    listed = parts(bill, "python")
    assert [(part["name"], part["version"]) for part in listed] == pinned("requirements.txt")
    digests = {
        part["content"]
        for package in listed
        for ref in package["externalReferences"]
        for part in ref["hashes"]
    }
    assert digests == {match.split(":")[1] for match in HASH.findall((ROOT / "requirements.txt").read_text())}


def test_the_bill_of_front_end_parts_is_what_is_locked(bill):
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    locked = {
        (path.rpartition("node_modules/")[2], package["version"], package["integrity"])
        for path, package in packages.items()
        if path
    }
    listed = {
        (
            part["name"],
            part["version"],
            "sha512-" + b64encode(bytes.fromhex(part["hashes"][0]["content"])).decode(),
        )
        for part in parts(bill, "npm")
    }
    assert listed == locked


def test_every_part_has_an_allowed_licence(bill):
    rows = [line.split("\t") for line in (bill / "licences.tsv").read_text().splitlines()]
    assert len(rows) == len(parts(bill, "python")) + len(parts(bill, "npm"))
    assert not [row for row in rows if not ALLOWED.search(row[3])]


STAND_IN = """#!/bin/sh
# A Python whose environments have a stub of pip-audit and of pip; the test sets their exit codes and npm's.
[ "$1 $2" != "-m venv" ] || {
    mkdir -p "$3/bin"
    printf '#!/bin/sh\\nexit 0\\n' >"$3/bin/python"
    printf '#!/bin/sh\\necho "$@" >>"$SAID"\\nexit $PIP_AUDIT\\n' >"$3/bin/pip-audit"
    chmod +x "$3/bin/python" "$3/bin/pip-audit"
}
"""


@pytest.mark.parametrize(("pip", "npm", "code"), [("0", "0", 0), ("1", "0", 1), ("0", "1", 1)])
def test_an_audit_that_could_not_ask_fails(tmp_path, pip, npm, code):
    """Both tools exit 1 on a finding and if their service is unreachable; then the audit fails (acceptance S31)."""
    (tmp_path / "python3").write_text(STAND_IN)
    (tmp_path / "npm").write_text('#!/bin/sh\necho "npm $@" >>"$SAID"\nexit $NPM_AUDIT\n')
    for name in ("python3", "npm"):
        (tmp_path / name).chmod(0o755)
    output = tmp_path / "said"
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "SAID": str(output),
        "PIP_AUDIT": pip,
        "NPM_AUDIT": npm,
    }
    run = subprocess.run([ROOT / "scripts" / "audit"], env=env, capture_output=True, text=True, check=False)
    assert run.returncode == code, run.stderr
    calls = output.read_text().splitlines()
    assert [line.split()[-1] for line in calls] == [
        "requirements.txt",
        "requirements-dev.txt",
        "--audit-level=high",
    ]
    assert all("--strict" in line and "--require-hashes" in line for line in calls[:2])


def test_no_static_path_is_of_highcharts():
    """django-chartjs ships a copy with another licence; outside INSTALLED_APPS it is not collected."""
    paths = [path for finder in get_finders() for path, _ in finder.list([])]
    assert "vendor/chart.umd.min.js" in paths
    assert not [path for path in paths if "highcharts" in path.lower()]
