"""The package figures stays pure: standard library only, no clock, no float."""

import ast
import sys
from pathlib import Path

import pytest

import figures

MODULES = sorted(Path(figures.__file__).parent.glob("*.py"))
CLOCK = {"today", "now", "utcnow", "time"}


@pytest.fixture(params=MODULES, ids=lambda path: path.stem)
def nodes(request):
    """The syntax tree of one module, flat."""
    return list(ast.walk(ast.parse(request.param.read_text(encoding="utf-8"))))


def test_it_imports_the_standard_library_and_itself(nodes):
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names) | {"figures"}


def test_it_asks_no_clock(nodes):
    called = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert not called & CLOCK


def test_it_knows_no_float(nodes):
    assert not [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, float)]
    assert not [node for node in nodes if isinstance(node, ast.Name) and node.id == "float"]


def test_every_public_function_is_typed_and_explained(nodes):
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            assert node.returns is not None, node.name
            assert ast.get_docstring(node), node.name
