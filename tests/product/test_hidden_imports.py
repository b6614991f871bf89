"""No app depends on one above it by a dotted path in a setting or by a signal whose return value is used. Apps above
register what they add with core.registry.Registry.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import global_settings

from cchc_dashboard import settings
from tests.support.server import ROOT

APPS = ("accounts", "core", "figures", "ledger", "records", "reports", "spreadsheets", "units")
PATH = re.compile(rf"({'|'.join(APPS)})(\.\w+)+")
# Settings of Django and of the packages that the product uses.
OF_PACKAGES = re.compile(r"AXES_|OTP_|DJANGO_TABLES2_|BASE_DIR|LOGGING")


def paths(value: Any) -> Iterator[str]:
    """Dotted paths into an app, at any depth of a setting."""
    if isinstance(value, str) and PATH.fullmatch(value):
        yield value
    elif isinstance(value, dict):
        yield from paths(list(value.values()))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from paths(item)


def own_settings() -> list[str]:
    return [
        name
        for name in dir(settings)
        if name.isupper() and not hasattr(global_settings, name) and not OF_PACKAGES.match(name)
    ]


def answered_signals(source: str) -> list[int]:
    """The lines that use what `send` of a signal returns."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("send", "send_robust")
        and any(keyword.arg == "sender" for keyword in node.keywords)
        and id(node) not in alone
    ]


def test_no_setting_of_ours_is_a_path_into_an_app():
    assert len(own_settings()) > 20
    assert {name: dotted for name in own_settings() if (dotted := list(paths(getattr(settings, name))))} == {}
    assert list(paths({"a": ["records.worklist.views.part", "records.read"], "b": "reports/x.py"})) == [
        "records.worklist.views.part",
        "records.read",
    ]


def test_no_signal_returns_an_answer():
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    assert {
        str(path): lines for path in files if (lines := answered_signals(Path(path).read_text("utf-8")))
    } == {}
    assert answered_signals("x.send(sender=1)\nfor a in x.send(sender=1): pass\ny = x.send(sender=2)") == [
        2,
        3,
    ]
