"""The recipes of docs/recipes are true: a change made by following each, kept as a patch beside this file, touches
the files that the recipe lists, and the tests near it pass on a copy of the tree.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "docs" / "recipes"
PATCHES = Path(__file__).parent
# What runs on the copy: a few quick tests near the change.
NEAR = {
    "add-chart": ["tests/reports/dashboard/test_outlets.py"],
    "add-command": ["tests/records/approval/test_list_waiting.py"],
    "add-form": [
        "tests/figures/test_form_definitions.py",
        "tests/records/official_form_upload/test_forms.py",
    ],
    "add-measure": ["tests/figures/test_measures.py", "tests/records/entry/test_complaints.py"],
    "add-page": ["tests/reports/dashboard/test_rate_views.py", "tests/product/test_routes.py"],
    "add-rate": [
        "tests/figures/test_rates.py",
        "tests/figures/test_catalogue.py",
        "tests/figures/test_summary.py",
    ],
    "add-role": ["tests/units/access/test_inspector.py"],
    "add-rule": ["tests/figures/test_count_rules.py"],
    "add-unit-field": ["tests/units/tree/test_address.py"],
    "add-worklist-column": ["tests/records/worklist/test_files.py::test_the_work_list_of_a_reviewer"],
}
# Besides tests and docs, the migration counted.
MOST_FILES = {"add-rate": 4, "add-measure": 6, "add-unit-field": 8}
ROOT_DOCS = {"README.md", "CHANGELOG.md"}
STEP = re.compile(r"^\d+\. ((?:`[^`]+`(?:, )?)+)", re.MULTILINE)


def listed(recipe: str) -> set[str]:
    """The files that the numbered steps of a recipe begin with, besides tests and docs."""
    steps = STEP.findall((RECIPES / f"{recipe}.md").read_text(encoding="utf-8"))
    return _product_files(path for step in steps for path in re.findall("`([^`]+)`", step))


def touched(recipe: str) -> set[str]:
    patch = (PATCHES / f"{recipe}.patch").read_text(encoding="utf-8")
    return _product_files(re.findall(r"^diff --git a/\S+ b/(\S+)$", patch, re.MULTILINE))


def _product_files(paths) -> set[str]:
    return {path for path in paths if not path.startswith(("tests/", "docs/")) and path not in ROOT_DOCS}


@pytest.fixture
def copy(tmp_path) -> Path:
    """The tracked files, with the built front end and the migrated databases of this tree."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("docs/images/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    (ROOT / "build").mkdir(exist_ok=True)
    (tmp_path / "build").symlink_to(ROOT / "build")
    return tmp_path


def test_every_recipe_has_a_patch_and_stands_in_the_index():
    recipes = {path.stem for path in RECIPES.glob("*.md")} - {"README"}
    index = (RECIPES / "README.md").read_text(encoding="utf-8")
    assert recipes == {path.stem for path in PATCHES.glob("*.patch")} == set(NEAR)
    assert set(re.findall(r"\]\(([\w-]+)\.md\)", index)) == recipes


@pytest.mark.parametrize("recipe", sorted(NEAR))
def test_a_recipe_lists_the_files_that_its_change_touches(recipe):
    files = touched(recipe)
    assert listed(recipe) == files
    assert len(files) <= MOST_FILES.get(recipe, len(files))


@pytest.mark.parametrize("recipe", sorted(NEAR))
def test_a_change_made_by_the_recipe_passes(recipe, copy):
    apply = ["git", "apply", "--whitespace=nowarn", str(PATCHES / f"{recipe}.patch")]
    # A folder above the copy may be a repository: git would apply the patch there.
    subprocess.run(
        apply, cwd=copy, check=True, env=os.environ | {"GIT_CEILING_DIRECTORIES": str(copy.parent)}
    )
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", *NEAR[recipe]]
    run = subprocess.run(command, cwd=copy, capture_output=True, text=True, env=_environment())
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]


def _environment() -> dict[str, str]:
    """Without what belongs to this run: its folder, and the process that a parallel run is."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CCHC_", "PYTEST_"))}
