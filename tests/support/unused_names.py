"""Names that nothing but tests reads: python -m tests.support.unused_names, status 1 where there are any.

vulture reads the code. What it cannot see counts as read: words of templates, dotted names in settings and other
strings, and the names that Django and other libraries ask for (`[tool.vulture]` in pyproject.toml).
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
    """Each name with its place, as a reader of a report wants it."""
    options = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["vulture"]
    vulture = Vulture(ignore_names=options["ignore_names"], ignore_decorators=options["ignore_decorators"])
    vulture.scavenge([root / one for one in options["paths"]])
    read = set(_words(root, options["paths"]))
    return [
        f"{Path(one.filename).relative_to(root)}:{one.first_lineno}: nothing reads {one.typ} {one.name}"
        for one in vulture.get_unused_code(min_confidence=options["min_confidence"])
        # An attribute that is set on an object of a library is read there.
        if one.typ != "attribute"
        and one.name not in read
        and not any(fnmatch(str(one.filename), pattern) for pattern in options["read_by_others"])
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
