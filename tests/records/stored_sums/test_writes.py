"""Writing the sums above a month: which rows are read, and which queries run while others wait for the group locks."""

import json
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.generate import country
from records.models import Edition, State
from records.stored_sums import group_sums, recount
from records.submissions import actions
from tests.product.test_query_plans import SCALE, nodes
from tests.records.conftest import AT, balanced
from units.models import Unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vacuumed_tables")]
# The aliases of groups.sql.
TABLES = {
    "submission": "records_submission",
    "edition": "records_edition",
    "sent": "records_edition",
    "records_groupsum": "records_groupsum",
}
# Prefixes of the indexes that read no more than the reports of a month, or the sums of a group for a month and stage.
# Some names end in a suffix by Django.
NARROW = {
    "records_submission": ("submission_once", "submission_month", "sqlite_autoindex_records_submission"),
    "records_edition": ("records_edition_submission_id", "edition_"),
    "records_groupsum": ("group_sum_by_field", "group_sum_total"),
}


def test_what_a_sending_reads_is_of_its_month() -> None:
    """Not the group's sums of all months, of which few are rewritten."""
    nation = country.fill_country(SCALE)
    province = Unit.objects.filter(parent=nation, has_children=True).order_by("pk").first()
    commune = Unit.objects.filter(parent=province, has_children=False).order_by("pk").last()
    with CaptureQueriesContext(connection) as queries:
        group_sums.refresh_group_sums([commune], [country.LAST.number])
    texts = [text for query in queries for text in query["sql"].split(";\n") if "records_groupsum" in text]
    read = {place for text in texts for place in _read_by(text)}
    assert {table for table, _ in read} == {"records_submission", "records_edition", "records_groupsum"}
    assert {(table, index) for table, index in read if not index.startswith(NARROW[table])} == set()


def _read_by(statement: str) -> Iterator[tuple[str, str]]:
    """Tables of reports and sums that the statement reads, with the index ("" for a full scan). There are no sums of
    groups below.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            steps = [row[3] for row in cursor.fetchall()]
            steps_read = [_step(step) for step in steps if step.startswith(("SEARCH", "SCAN"))]
        else:
            # On a small table the planner would prefer a full scan to any index.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
            value = cursor.fetchone()[0]
            [plan] = json.loads(value) if isinstance(value, str) else value
            steps_read = [_node(node) for node in nodes(plan["Plan"]) if node["Node Type"].endswith("Scan")]
    for alias, index in steps_read:
        if alias in TABLES:
            yield TABLES[alias], index


def _step(step: str) -> tuple[str, str]:
    """Alias and index of a step of SQLite's plan, as in "SEARCH edition USING INDEX edition_one_open (…)"."""
    words = step.split()
    return words[1], words[words.index("INDEX") + 1] if "INDEX" in words else ""


def _node(node: dict) -> tuple[str, str]:
    """The same for a node of PostgreSQL's plan."""
    below = node if "Index Name" in node else node.get("Plans", [{}])[0]
    return node.get("Alias", ""), below["Index Name"] if "Index Cond" in below else ""


def test_while_groups_are_locked_only_the_log_is_read(cast, fields) -> None:
    """Others who send below the same group wait from the lock to the commit: three statements on PostgreSQL."""
    submission = actions.open_submission(cast.alpha, country.LAST, by=None, at=AT)
    draft = submission.editions.get()
    rows = {(fields.ho_tich.pk, None): balanced(3)}
    draft = actions.save_counts(draft, rows, by=None, revision=0, at=AT)
    with CaptureQueriesContext(connection) as queries:
        actions.send_edition(draft, by=None, at=AT)
    statements = [query["sql"] for query in queries]
    [lock] = [place for place, sql in enumerate(statements) if "has_children, tier FROM units_unit" in sql]
    after = [sql for sql in statements[lock + 1 :] if "SAVEPOINT" not in sql]
    assert [sql for sql in after if sql.startswith("SELECT") and "ledger_entry" not in sql] == []
    if connection.vendor == "postgresql":
        assert [sql.split()[0] for sql in after] == ["DELETE", "SELECT", "INSERT"]
    assert Edition.objects.get(pk=draft.pk).state == State.SENT
    assert list(recount.sum_differences()) == []
