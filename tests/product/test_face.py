"""Style sheet and templates: contrast of colours, no inline style or script, error pages that need no request."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR)
SHEET = (ROOT / "static/css/app.css").read_text(encoding="utf-8")
TOKENS = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", SHEET))
SCREENS = sorted(
    path for folder in (ROOT / "templates", *ROOT.glob("*/templates")) for path in folder.rglob("*.html")
)
ERRORS = ["400.html", "403.html", "404.html", "429.html", "500.html", "503.html"]


def luminance(colour: str) -> float:
    """Relative luminance of #rgb or #rrggbb, 0 to 1 (WCAG 2.2)."""
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "paper", 4.5),
        ("ink-2", "paper", 4.5),
        ("ink-3", "paper", 4.5),
        ("ink-3", "sunken", 4.5),
        ("link", "paper", 4.5),
        ("surface", "brand", 4.5),
        ("on-brand", "brand", 4.5),
        ("surface", "online", 4.5),
        ("ink", "direct", 4.5),
        ("ok", "ok-bg", 4.5),
        ("warn", "warn-bg", 4.5),
        ("err", "err-bg", 4.5),
        ("info", "info-bg", 4.5),
        ("edge", "surface", 3),
        ("edge", "paper", 3),
        ("direct-edge", "surface", 3),
        ("direct", "online", 3),
        ("postal", "postal-bg", 3),
        ("focus", "paper", 3),
        ("rule", "brand", 3),
    ],
)
def test_contrast(front: str, back: str, least: float) -> None:
    light, dark = sorted((luminance(TOKENS[front]), luminance(TOKENS[back])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_inline(path: Path) -> None:
    """The content security policy blocks it silently."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=[\"']|javascript:", text)
    for tag in re.findall(r"<script[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag, tag


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_needs_nothing(name: str) -> None:
    """No request, no user, no database."""
    page = get_template(name).render({})
    assert page.count("<h1>") == 1
    assert '<main class="plain" id="noi-dung"' in page
    assert "csrfmiddlewaretoken" not in page


def test_404_says_the_same_for_every_address(rf) -> None:
    pages = {
        get_template("404.html").render({}, request)
        for request in (rf.get("/units/1/"), rf.get("/x?unit=351"))
    }
    assert len(pages) == 1


def test_every_class_of_the_register_is_styled() -> None:
    """The list at the top of the style sheet names the classes that pages may use."""
    register, rules = SHEET.split("*/", 1)
    named = set(re.findall(r"\.([a-z][\w-]*)", register))
    assert not {name for name in named if not re.search(rf"\.{name}(?![\w-])", rules)}
