"""PostgreSQL looks at the tables that it is told of; SQLite is not asked to."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.db import analyze
from ledger import log
from ledger.models import Entry, IdempotencyKey


@pytest.mark.django_db
def test_the_planner_knows_the_rows_of_the_tables_named():
    with transaction.atomic():
        for number in range(30):
            log.append("test.act", by=None, subject=str(number), detail={})
    with CaptureQueriesContext(connection) as asked:
        analyze.analyze_tables(Entry, IdempotencyKey)
        analyze.analyze_tables()
    statements = [one["sql"] for one in asked]
    if connection.vendor == "sqlite":
        assert statements == []
        return
    assert statements == ['ANALYZE "ledger_entry", "ledger_idempotencykey"', "ANALYZE"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'ledger_entry'")
        assert cursor.fetchone() == (Entry.objects.count(),)
