"""Several systems save one month at once: one wins, the others get both values; one key means one change."""

import json

from django.test import Client
from django.utils import timezone

from ledger.models import Entry
from tests.records.submissions.test_parallel import apart, at_once
from units.tokens import create_token

WHERE = "/api/v1/submissions/13441/2022-M07"


def put(secret: str, key: str, number: int) -> tuple[int, bytes]:
    rows = [{"field": "ho-tich", "counts": {"opening": number}}]
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
    body = json.dumps({"revision": 0, "rows": rows})
    answer = Client().put(WHERE, body, content_type="application/json", headers=headers)
    return answer.status_code, answer.content


def token(unit) -> str:
    return apart(lambda: create_token("Một cửa", unit, ["write"], 1, by=None, at=timezone.now())[1])


def test_one_of_ten_systems_saves(cast, fields, shared_database):
    secret = token(cast.district)
    answers = at_once(lambda number: put(secret, f"k{number}", number), *range(10))
    (winner,) = [content for status, content in answers if status == 200]
    stored = next(row for row in json.loads(winner)["rows"] if row["field"] == "ho-tich")["counts"]["opening"]
    refused = [json.loads(content) for status, content in answers if status == 409]
    assert len(refused) == 9 and {answer["code"] for answer in refused} == {"stale"}
    assert {answer["cells"][0]["theirs"] for answer in refused} == {stored}
    assert {answer["cells"][0]["mine"] for answer in refused} == set(range(10)) - {stored}


def test_one_key_sent_ten_times_at_once_is_one_change(cast, fields, shared_database):
    secret = token(cast.district)
    answers = at_once(lambda _: put(secret, "k", 5), *range(10))
    assert len(set(answers)) == 1 and answers[0][0] == 200
    assert apart(Entry.objects.filter(action="submission.save").count) == 1
