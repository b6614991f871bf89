"""The files in deploy/ agree with systemd, the repository and docs/deploy.md."""

import re
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.urls import reverse

from .test_every_page import Page, foreign

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
HOME = "/opt/cchc"
UNITS = sorted(path.name for path in DEPLOY.iterdir() if path.suffix in (".service", ".timer"))
SERVICES = [name for name in UNITS if name.endswith(".service")]


def unit(name: str) -> ConfigParser:
    """A unit file as systemd reads it; repeated names are an error here."""
    parser = ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#", ";"))
    parser.optionxform = str
    parser.read_string((DEPLOY / name).read_text(encoding="utf-8"))
    return parser


def verified(folder: Path) -> subprocess.CompletedProcess:
    files = sorted(map(str, folder.iterdir()))
    return subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)


@pytest.fixture
def installed(tmp_path) -> Path:
    """The unit files, installed for a product that lies in this checkout."""
    for name in UNITS:
        text = (DEPLOY / name).read_text(encoding="utf-8").replace(HOME, str(ROOT))
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_systemd_takes_the_units(installed):
    result = verified(installed)
    assert (result.returncode, result.stderr) == (0, "")
    (installed / UNITS[-1]).write_text("[Timer]\nOnCalendar=never\n", encoding="utf-8")
    assert verified(installed).stderr != "", "the check itself"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_what_the_repository_has(name):
    service = unit(name)["Service"]
    assert service["WorkingDirectory"] == HOME and service["EnvironmentFile"] == "/etc/cchc.env"
    assert service["User"] == service["Group"] == "cchc" and service["ProtectSystem"] == "strict"
    [writes] = service["ReadWritePaths"].split()
    assert writes == "/var/lib/cchc"
    started = service["ExecStart"]
    command = re.search(r"manage\.py (\w+)", started)
    assert command[1] in get_commands() if command else "gunicorn cchc_dashboard.wsgi" in started
    assert (ROOT / "gunicorn.conf.py").is_file() and (ROOT / "cchc_dashboard" / "wsgi.py").is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(name):
    """By systemd's exposure score, 0 to 100: up to 20 is "OK", an unconfined service has 96."""
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(DEPLOY / name)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2_000:]
    command[3] = "--threshold=5"
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0, "the check itself"


def test_every_service_is_confined_alike():
    """Workers share files in /dev/shm. All services run as one user, so RemoveIPC= would delete these files of the
    server whenever a timer's service ends.
    """
    confined = {
        (DEPLOY / name)
        .read_text()
        .partition("# The same in every service")[2]
        .partition("[Install]")[0]
        .strip()
        for name in SERVICES
    }
    assert len(confined) == 1
    assert "RemoveIPC=" not in confined.pop()


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".timer")])
def test_a_timer_has_its_service(name):
    assert name.replace(".timer", ".service") in SERVICES
    timer = unit(name)
    assert timer["Timer"]["Persistent"] == "true" and timer["Timer"]["OnCalendar"].endswith(
        "Asia/Ho_Chi_Minh"
    )
    assert timer["Install"]["WantedBy"] == "timers.target"


def test_the_proxy_sets_what_the_application_believes():
    """If the proxy passed them on instead, a reader could forge them (acceptance S8, S19)."""
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in text and "$proxy_add_x_forwarded_for" not in text
    assert "proxy_set_header X-Request-ID $request_id;" in text
    assert text.count("{") == text.count("}")
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in text and "location /api/ { return 403; }" in text
    ciphers = re.search("ssl_ciphers (.*);", text)[1].split(":")
    assert all(re.fullmatch("ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM|CHACHA20)-.*", cipher) for cipher in ciphers)
    # Longer than any view takes, and room for the largest upload with the other fields of its form.
    assert "proxy_read_timeout 120s;" in text and "client_max_body_size 6m;" in text
    large = settings.CASES_UPLOAD_MAX_BYTES // 1024 // 1024 + 1
    [pattern, rules] = re.search(r"location ~ (\S+) \{(.*?)\}", text, re.DOTALL).groups()
    assert re.search(pattern, reverse("records:cases_upload", args=[7])), "lists of dossiers are larger"
    assert f"client_max_body_size {large}m;" in rules and "proxy_pass http://127.0.0.1:8000;" in rules
    # A location inherits the server's headers unless it sets one itself.
    assert "proxy_set_header" not in rules


def test_no_line_of_the_proxy_stands_twice_in_a_block():
    """nginx would refuse to start or apply both."""
    many = {"add_header", "proxy_set_header", "error_page", "limit_req", "limit_conn"}
    text = re.sub(r"#.*", "", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
    open_blocks: list[set[str]] = [set()]
    for name, sign in re.findall(r"\s*([a-z_]+)?[^;{}]*([;{}])", text):
        if sign == "{":
            open_blocks.append(set())
        elif sign == "}":
            open_blocks.pop()
        elif name and name not in many | {"log_format", "limit_req_zone", "limit_conn_zone", "default"}:
            assert name not in open_blocks[-1], name
            open_blocks[-1].add(name)
    assert len(open_blocks) == 1


def test_the_proxy_speaks_in_the_words_of_the_product():
    """Error pages for where the application cannot answer (acceptance F4, S16)."""
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    shown = re.findall(r"error_page ([\d ]+) /([\w.-]+);", text)
    assert {status for statuses, _ in shown for status in statuses.split()} == {"413", "429", "502", "504"}
    assert {name for _, name in shown} == {path.name for path in (DEPLOY / "pages").iterdir()}
    for _, name in shown:
        page = (DEPLOY / "pages" / name).read_text(encoding="utf-8")
        assert not foreign(" ".join(Page(page).said))
        location = text.partition(f"location = /{name} {{")[2].partition("}")[0]
        assert "Content-Security-Policy" in location and "Strict-Transport-Security" in location


def test_the_guide_names_each_file():
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert "deploy/*.service deploy/*.timer" in guide and "deploy/nginx.conf" in guide
    assert all(name in guide for name in UNITS if name == "cchc.service" or name.endswith(".timer"))
