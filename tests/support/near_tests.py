"""The tests near a file: python -m tests.support.near_tests FILE… prints them, `scripts/test --near FILE…` runs them.

Near are tests that mirror the file's path (for records/approval/queries.py: tests/records/approval/test_queries*.py,
else that whole folder), import the file or name its template; if there are none, those near its users.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = sorted(file.parent.name for file in ROOT.glob("*/__init__.py") if file.parent.name != "tests")
STEPS = 4  # from one importing file to the next


def near(file: Path) -> set[Path]:
    """Test files relative to the root; empty if none is near. Errors: FileNotFoundError."""
    own = file.resolve(strict=True).relative_to(ROOT)
    if own.name.startswith("test_") or own.parts[0] == "tests" and file.is_dir():
        return set(_within(own))
    users = {
        path.relative_to(ROOT) for path in (file.resolve().rglob("*.*") if file.is_dir() else [ROOT / own])
    }
    for _ in range(STEPS):
        files = {test for user in users for test in _mirrored(user)} | set(_users(users, ["tests"]))
        tests = {path for path in files if path.name.startswith("test_")}
        if tests:
            return tests
        users = set(_users(users, ROOMS + ["templates"]))
    # Loaded only by its path: the tests near its package.
    return near(ROOT / own.parent) if len(own.parts) > 2 else set()


def _within(place: Path) -> list[Path]:
    paths = [place] if (ROOT / place).is_file() else (ROOT / place).rglob("test_*.py")
    return [ROOT.joinpath(path).relative_to(ROOT) for path in paths]


def _mirrored(own: Path) -> Iterator[Path]:
    place = Path("tests", own.relative_to("templates") if own.parts[0] == "templates" else own)
    alike = [test for test in _within(place.parent) if f"{test.stem}_".startswith(f"test_{own.stem}_")]
    yield from _within(place.with_suffix(""))
    yield from alike if alike or len(own.parts) < 3 else _within(place.parent)


def _users(used: Iterable[Path], folders: Iterable[str]) -> Iterator[Path]:
    """Files in the folders that import one of these, or name it as a template."""
    used = set(used)
    modules = {name for path in used if path.suffix == ".py" for name in _names(path)}
    templates = [str(path.relative_to("templates")) for path in used if path.parts[0] == "templates"]
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.*")):
            own = file.relative_to(ROOT)
            if file.suffix not in (".py", ".html", ".txt") or own in used:
                continue
            named = any(f'"{template}"' in file.read_text(encoding="utf-8") for template in templates)
            if named or file.suffix == ".py" and modules & _imported(own):
                yield own


def _module(own: Path) -> str:
    return ".".join(own.with_suffix("").parts).removesuffix(".__init__")


def _names(own: Path) -> set[str]:
    """The module's name, and what its package re-exports of it: `records.submissions.actions.send_edition` for
    records/submissions/actions.py.
    """
    names, package = {_module(own)}, own.parent / "__init__.py"
    if own.name != "__init__.py" and (ROOT / package).is_file():
        offered = [name for name in _imported(package) if name.startswith(f"{_module(own)}.")]
        names |= {f"{_module(package)}.{name.rpartition('.')[2]}" for name in offered}
    return names


@cache
def _imported(own: Path) -> set[str]:
    """The modules that a file imports, names in them, and attributes of those:
    `records.submissions.actions.send_edition`.
    """
    tree, aliases, modules = ast.parse((ROOT / own).read_bytes()), {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            above = own.parent.parts[: len(own.parts) - node.level] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            aliases |= {name.asname or name.name: f"{module}.{name.name}" for name in node.names}
            modules.add(module)
        elif isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            modules.add(f"{aliases[node.value.id]}.{node.attr}")
    return modules | set(aliases.values())


if __name__ == "__main__":
    tests = sorted({test for name in sys.argv[1:] for test in near(Path(name))})
    sys.stdout.writelines(f"{test}\n" for test in tests)
    sys.exit(None if tests else "no test is near")
