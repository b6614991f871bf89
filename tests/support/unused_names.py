"""Lists names that only tests read: python -m tests.support.unused_names, status 1 if there are any.

vulture reads the code. Words of templates, dotted names in settings and other strings, and names that Django and other
libraries use (`[tool.vulture]` in pyproject.toml) count as read.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parents[2]
_DOTTED = re.compile(r"\w+(?:\.\w+)*")


def unused(root: Path = ROOT) -> list[str]:
    """Each name with its file and line, as a sentence."""
    options = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["vulture"]
    vulture = Vulture(ignore_names=options["ignore_names"], ignore_decorators=options["ignore_decorators"])
    vulture.scavenge([root / item for item in options["paths"]])
    read = set(_words(root, options["paths"]))
    return [
        f"{Path(item.filename).relative_to(root)}:{item.first_lineno}: nothing reads {item.typ} {item.name}"
        for item in vulture.get_unused_code(min_confidence=options["min_confidence"])
        # Attributes set on a library's objects are read by the library.
        if item.typ != "attribute"
        and item.name not in read
        and not any(fnmatch(str(item.filename), pattern) for pattern in options["read_by_others"])
    ]


def _words(root: Path, paths: list[str]) -> Iterator[str]:
    for path in (root / "templates").rglob("*.*"):
        yield from re.findall(r"\w+", path.read_text())
    for path in (module for name in paths for module in _modules(root / name)):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and _DOTTED.fullmatch(node.value)
            ):
                yield from node.value.split(".")


def _modules(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from path.rglob("*.py")


if __name__ == "__main__":
    names = unused()
    sys.stdout.write("".join(f"{name}\n" for name in names))
    sys.exit(bool(names))
