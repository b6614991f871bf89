"""The docs name every measure, rate, role, state, code, variable and command, and what they link to exists."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from itertools import chain
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

from accounts.models import User
from figures.measures import CHANNELS, LABELS, MEASURES, SUMS
from figures.rates import BY_KEY
from figures.rule_catalogue import RULES
from records.models import OnlineLevel, Stage, State
from reports.models import ReviewState, TaskOutcome
from tests.support.guide_pictures import PICTURES
from units.models import Role, Tier, Unit, UnitKind

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ("ledger", "accounts", "units", "records", "reports")
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RECIPES = ROOT / "docs" / "recipes"  # they name files that do not exist yet
GUIDE = ROOT / "docs" / "huong-dan"
# The position of the code among the arguments where a fault is made.
CODE_AT = {
    "FileFault": 2,
    "fault": 1,
    "wrong": 1,
    "DraftFault": 2,
    "UnreadableFile": 0,
    "UnreadableBody": 0,
    "CountError": 0,
    "FlawedCell": 0,
    "ActionRefused": 0,
}
# Packages whose codes are published.
PACKAGES = ("spreadsheets", "records", "units")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def table_row(key: str, dictionary: str) -> str:
    """The first line of a table in the dictionary that names `key` as code."""
    rows = [line for line in dictionary.splitlines() if line.startswith("|") and f"`{key}`" in line]
    return rows[0] if rows else ""


@pytest.mark.parametrize("name", [*MEASURES, *SUMS])
def test_dictionary_names_every_measure_and_sum(name):
    row = table_row(name, text("docs/data-dictionary.md"))
    assert row, name
    assert name in SUMS or LABELS[name].removesuffix(" một phần").removesuffix(" toàn trình") in row


@pytest.mark.parametrize("rate", BY_KEY.values(), ids=lambda rate: rate.key)
def test_dictionary_gives_name_and_formula_of_every_rate(rate):
    row = next(
        (
            line
            for line in text("docs/data-dictionary.md").splitlines()
            if line.startswith(f"| `{rate.key}` |") and rate.name in line
        ),
        "",
    )
    assert f"| {rate.formula} |" in row, rate.key


@pytest.mark.parametrize(
    "choices",
    [State, Stage, ReviewState, TaskOutcome, OnlineLevel, UnitKind, Tier, Role],
    ids=lambda choices: choices.__name__,
)
def test_dictionary_names_every_state_and_role_in_both_languages(choices):
    dictionary = text("docs/data-dictionary.md")
    for value, label in choices.choices:
        assert re.search(rf"`{value}` \| {re.escape(label)}\b", dictionary), f"{choices.__name__}.{value}"


@pytest.mark.parametrize("name", [*CHANNELS, *RULES])
def test_dictionary_names_every_channel_and_rule(name):
    assert f"`{name}`" in text("docs/data-dictionary.md")


def test_dictionary_names_every_table():
    from django.apps import apps

    models = (model._meta for app in HOUSE for model in apps.get_app_config(app).get_models())
    tables = {meta.db_table for meta in models if not meta.proxy}
    named = set(re.findall(r"`([a-z]+_[a-z]+)`", text("docs/data-dictionary.md")))
    assert tables <= named, tables - named


def test_changelog_begins_with_the_version_of_the_project():
    version = re.search(r'^version = "(.+)"$', text("pyproject.toml"), re.MULTILINE)[1]
    assert re.search(r"^## (\S+)", text("CHANGELOG.md"), re.MULTILINE)[1] == version


def modules() -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def fault_codes(path: Path) -> Iterator[str]:
    """The literal codes of the faults that a module makes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        at = CODE_AT.get(name)
        if at is None or len(node.args) <= at:
            continue
        for inner in ast.walk(node.args[at]):
            if isinstance(inner, ast.Constant) and re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", str(inner.value)):
                yield inner.value


def test_codes_are_found_where_they_are_made():
    """Guards the search itself: it must find codes that exist."""
    codes = set(chain.from_iterable(map(fault_codes, modules())))
    assert {"missing_column", "repeated_row", "own_entries", "tcvn3", "merged_cell", "stale"} <= codes


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_codes_of_faults_are_written_up(path):
    written = text("docs/codes.md")
    assert not {code for code in fault_codes(path) if f"`{code}`" not in written}


@pytest.mark.parametrize("rule", RULES)
def test_codes_of_rules_are_written_up(rule):
    assert f"`{rule}`" in text("docs/codes.md")


def variables() -> set[str]:
    read = text("cchc_dashboard/settings.py") + text("gunicorn.conf.py")
    return set(
        re.findall(r"""(?:environ\.get|\bflag|\bwhole|\bnamed|\blong_enough)\(\s*["']([A-Z_]+)["']""", read)
    )


def test_variables_are_found():
    assert {"DATABASE_URL", "CCHC_SECRET_KEY", "CCHC_DEBUG", "CCHC_DATA", "PORT"} <= variables()


@pytest.mark.parametrize("name", sorted(variables()))
def test_every_variable_is_in_the_deployment_guide(name):
    assert re.search(rf"^\|[^|]*`{name}`", text("docs/deploy.md"), re.MULTILINE)


def commands() -> list[str]:
    return sorted(name for name, app in get_commands().items() if app in HOUSE and not name.startswith("_"))


@pytest.mark.parametrize("name", commands())
def test_every_command_is_in_the_readme(name):
    assert re.search(rf"^\|[^|]*`{name}[ `]", text("README.md"), re.MULTILINE)


@pytest.mark.parametrize("name", commands())
def test_every_command_shows_an_example(name, capsys):
    with pytest.raises(SystemExit) as left:
        call_command(name, "--help")
    assert left.value.code == 0
    assert "Ví dụ" in capsys.readouterr().out


def shell_snippets() -> list[str]:
    """The code that the docs tell operators to run in `manage shell`."""
    pages = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
    return re.findall(r"manage shell -v 0 -c '(.+?)'", pages, re.DOTALL)


@pytest.mark.django_db
def test_shell_snippets_run():
    Unit.objects.create(
        code="351", name="Huyện", kind="committee", tier="district", active_from=date(2020, 1, 1)
    )
    User.objects.create(pk=7, username="an")
    snippets = shell_snippets()
    assert len(snippets) == 4
    for snippet in snippets:
        exec(snippet, {})
    assert User.objects.get(username="quantri").memberships.get().role == Role.ADMINISTRATOR


def test_every_script_is_in_the_readme():
    readme = text("README.md")
    scripts = [path.name for path in (ROOT / "scripts").iterdir() if path.suffix != ".sh"]
    assert not [name for name in scripts if f"scripts/{name}" not in readme]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(path):
    """Links within the repository; web addresses are skipped."""
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        aim = (path.parent / name).resolve() if name else path
        assert aim.exists(), target
        assert not heading or heading in headings(aim), target


@pytest.mark.parametrize(
    "path", [path for path in DOCS if path.parent != RECIPES], ids=lambda path: str(path.relative_to(ROOT))
)
def test_named_files_exist(path):
    folders = "|".join(child.name for child in ROOT.iterdir() if child.is_dir() and child.name[0].isalpha())
    named = re.findall(rf"`((?:{folders})/[\w./-]+\.\w+)`", path.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]


def headings(path: Path) -> set[str]:
    """Anchors of a file's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_pictures_are_small_and_used():
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert max(picture.stat().st_size for picture in pictures) < 300_000
    assert sum(picture.stat().st_size for picture in pictures) < 1_500_000
    shown = "".join(path.read_text(encoding="utf-8") for path in DOCS)
    assert not [picture.name for picture in pictures if f"images/{picture.name})" not in shown]
    assert {path.stem for path in pictures} == {picture.name for picture in PICTURES}


def words_of_screens() -> str:
    """All text of pages: templates with and without their tags, code and scripts."""
    files = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/js/*.js")]
    for app in (*HOUSE, "figures"):
        files += [path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    texts = " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in files)
    return texts + re.sub(r"{%.*?%}", "", texts)


@pytest.mark.parametrize("path", sorted(GUIDE.glob("*.md")), ids=lambda path: path.name)
def test_guide_quotes_what_screens_say(path):
    """Bold text in the guide quotes the screen, so it must occur in a template or in the code."""
    screens = words_of_screens()
    quoted = [
        " ".join(phrase.split())
        for phrase in re.findall(r"\*\*(.+?)\*\*", path.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert quoted
    assert not [phrase for phrase in quoted if phrase not in screens]
