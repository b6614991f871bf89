"""The open data package: valid for frictionless, without names of people, and importable to the same figures."""

import csv
import json
import zipfile
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import transaction
from frictionless import validate

from accounts.models import User
from figures.periods import Period
from records.bulk_import.catalogue import import_catalogue
from records.bulk_import.counts import import_counts
from records.bulk_import.validation import APPROVED
from records.models import Edition, Field
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from reports import demo
from reports.open_data import tables
from reports.open_data import views as open_data_views
from units.lifecycle.imports import import_successions, import_units
from units.models import Succession, Unit
from units.tree.queries import resolve_code

AT = datetime(2022, 8, 12, 1, 30, tzinfo=UTC)
FIXTURE = Path(project.BASE_DIR) / "fixtures" / "thanhliem"
PERIODS = ("2021", "2022-H1", "2022-M06")


def figures() -> dict[str, dict]:
    """Summaries of some of the demo's units, by unit and by field."""
    summaries = {}
    for code in ("35", "351", "13474"):
        for period in map(Period.parse, PERIODS):
            unit = resolve_code(code, AT.date())
            for by in ("unit", "field"):
                summaries[f"{code} {period.code} {by}"] = summary(
                    FiguresQuery(unit, period, by=by, external=True)
                ).as_dict()
    return summaries


def units_and_all() -> dict[str, list]:
    columns = ("code", "name", "kind", "tier", "parent__code", "active_from", "active_until", "reports")
    lines = ("old__code", "new__code", "on", "share_numerator", "share_denominator", "legal_basis")
    return {
        "units": sorted(map(str, Unit.objects.values_list(*columns))),
        "successions": sorted(map(str, Succession.objects.values_list(*lines))),
        "fields": sorted(map(str, Field.objects.values_list("code", "name"))),
    }


@pytest.fixture
def package(db, tmp_path) -> tuple[Path, dict, dict]:
    """The demo with its merger of 2025 as a package, and its figures; the database is rolled back."""
    folder = tmp_path / "du-lieu-mo"
    with transaction.atomic():
        demo.load_demo(FIXTURE, AT)
        for read, name in ((import_units, "units-2025.csv"), (import_successions, "successions-2025.csv")):
            assert not read(FIXTURE / name, name, by=None).faults
        Succession.objects.update(legal_basis="Nghị quyết, số 1")
        out = StringIO()
        call_command("export_open_data", str(folder), stdout=out)
        assert "counts: " in out.getvalue()
        stored = figures(), units_and_all()
        people = [user.full_name for user in User.objects.exclude(full_name="")]
        transaction.set_rollback(True)
    assert people
    return folder, *stored, people


def test_the_reference_implementation_finds_nothing_wrong(package):
    folder = package[0]
    report = validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "type", "note"])[:10]
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    by_name = {resource["name"]: resource for resource in described["resources"]}
    assert {"units", "successions", "catalogue", "submissions", "counts", "indicators", "reviews"} <= set(
        by_name
    )
    received = next(
        field for field in by_name["counts"]["schema"]["fields"] if field["name"] == "received_direct"
    )
    assert (received["type"], received["unit"], received["constraints"]["minimum"]) == ("integer", "hồ sơ", 0)
    assert by_name["counts"]["schema"]["foreignKeys"][0]["reference"] == {
        "resource": "units",
        "fields": ["key"],
    }
    assert "licenses" not in described and described["demo"] is True


def test_days_are_those_of_vietnam(db):
    demo.load_demo(FIXTURE, AT)
    Edition.objects.update(sent_at="2022-07-31T17:30:00Z", decided_at="2022-07-31T16:30:00Z")
    assert {row[-2:] for row in tables.submissions()} == {("2022-08-01", "2022-07-31")}


def test_a_broken_reference_is_found(package):
    """A test of the validation itself."""
    folder = package[0]
    with (folder / "counts.csv").open("a", encoding="utf-8") as file:
        file.write("khong-co@2020-01-01,2022-M06,chung-thuc" + "," * 18 + "\n")
    assert not validate(str(folder / "datapackage.json")).valid


def test_no_person_is_named(package):
    folder, people = package[0], package[3]
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.*"))
    assert not [name for name in people if name in text]


def test_an_empty_database_reads_it_back_to_the_same_figures(package):
    folder, before, tree, _ = package
    assert not Unit.objects.exists()
    for read, name in ((import_units, "units.csv"), (import_successions, "successions.csv")):
        result = read(folder / name, name, by=None)
        assert not result.faults, [str(fault) for fault in result.faults][:5]
    report = import_catalogue(folder / "catalogue.csv", "catalogue.csv", at=AT)
    assert not report.errors, report.errors[:5]
    report = import_counts(folder / "counts.csv", "counts.csv", at=AT, becomes=APPROVED)
    assert not report.errors, report.errors[:5]
    assert units_and_all() == tree
    assert figures() == before


def test_a_licence_is_named_where_it_is_set(db, tmp_path, settings):
    settings.OPEN_LICENCE = "CC-BY-4.0 https://creativecommons.org/licenses/by/4.0/"
    call_command("export_open_data", str(tmp_path / "x"), stdout=StringIO())
    described = json.loads((tmp_path / "x" / "datapackage.json").read_text(encoding="utf-8"))
    assert described["licenses"] == [
        {"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}
    ]
    assert list(csv.reader((tmp_path / "x" / "units.csv").open(encoding="utf-8")))[1:] == []


def test_a_folder_that_holds_something_is_left_alone(db, tmp_path):
    (tmp_path / "x").write_text("x")
    with pytest.raises(CommandError, match="không trống"):
        call_command("export_open_data", str(tmp_path), stdout=StringIO())


def test_administrators_of_the_top_download_it(db, client, monkeypatch):
    with transaction.atomic():
        demo.load_demo(FIXTURE, AT)
        client.force_login(User.objects.get(username="quantri"))
        page = client.get("/reports/open-data/")
        assert "datapackage.json" in page.content.decode() and "counts.csv" in page.content.decode()
        answer = client.get("/reports/open-data.zip")
        archive = zipfile.ZipFile(BytesIO(b"".join(answer.streaming_content)))
        assert {"datapackage.json", "counts.csv", "units.csv"} <= set(archive.namelist())
        monkeypatch.setattr(open_data_views, "MOST_ROWS", 5)
        refused = client.get("/reports/open-data.zip")
        assert refused.status_code == 422 and "export_open_data" in refused.content.decode()
        client.force_login(User.objects.get(username="tonghop"))
        assert client.get("/reports/open-data.zip").status_code == 403
        transaction.set_rollback(True)
