"""Collects what the product answers from a database (commands, pages, API, files), and compares two collections."""

import csv
import hashlib
import json
import re
import tempfile
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import TOTP

from accounts.models import User
from records.models import Submission
from reports.models import Asking, Review
from tests.frozen.loader import MAIN, within
from tests.product.test_routes import routes
from units.models import Token, Unit

Answers = dict[str, Any]
DISTRICT, HALF = "351", "2022-H1"
# In order of rights: the first who may read a page reads it.
BY_PASSWORD = ("tonghop", "quantri")
PEOPLE = ("xa-13474", "tonghop", "lanhdao", "quantri")
SUMMARIES: dict[str, Answers] = {
    "half-year by unit": {"by": "unit"},
    "by today's units": {"by": "unit", "basis": "today"},
    "with what waits": {"period": "2022-M07", "include": "submitted", "by": "unit"},
    "by month": {"period": "2021-M01..2022-M07", "by": "month"},
    "as of a day": {"as_of": "2022-03-31"},
    "of the merged unit": {"unit": "13457", "period": "2022-M08"},
}
API = (
    f"summary?unit={DISTRICT}&period={HALF}&by=field&change=1",
    f"units?unit={DISTRICT}",
    "periods?period=2022",
    "catalogue/fields",
    "catalogue/procedures",
    f"submissions?unit={DISTRICT}&month=2022-M07",
    "submissions/13453/2022-M06",
    "submissions/13474/2022-M07",
    "reviews",
    "reviews/2",
)
# Pages with several views.
MORE_PAGES = (
    f"/?unit={DISTRICT}&period={HALF}&by=field",
    f"/?unit={DISTRICT}&period=2022-M07&include=submitted&by=unit",
    "/?unit=13457&period=2022-M08",
    f"/reports/forms/ii-06a/?unit={DISTRICT}&period={HALF}",
    "/reports/reviews/1/",
    "/reports/reviews/1/edit/",
    "/reports/reviews/1/asking/",
    "/reports/reviews/1/drawing/",
)
# They depend on the machine or the time.
NOT_COMPARED = re.compile(r"/(accounts/sessions|reports/status|healthz|readyz|metrics)")


def ask(keys: dict[str, str], stored: Answers) -> Answers:
    """All answers that are compared; `stored` are the earlier ones, empty when they are written for the first time."""
    clients = {name: signed_in(name, keys) for name in PEOPLE}
    token = Client(headers={"authorization": f"Bearer {keys['token']}"})
    commands = {
        # First, since others write to the log.
        "verify_log": log_head(stored.get("commands", {}).get("verify_log")),
        "recount": run("recount", check=True),
        "list_missing": json.loads(run("list_missing", month="2022", format="json")),
        "export_person": json.loads(run("export_person", "xa-13474")),
    }
    return {
        "commands": commands,
        "summary": {name: json.loads(run("summary", **summary(more))) for name, more in SUMMARIES.items()},
        "open data": dict(open_data(stored.get("open data", {}))),
        "reviews": {str(frozen.pk): review(clients["lanhdao"], frozen) for frozen in frozen_reviews()},
        "api": {address: token.get(f"/api/v1/{address}").json() for address in API},
        "pages": dict(pages(clients, stored.get("pages"))),
    }


def changed_values(was: Any, now: Any, place: str = "") -> Iterator[str]:
    """Paths of values that are missing or differ; additional ones are allowed."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name, value in was.items():
            if name in now:
                yield from changed_values(value, now[name], f"{place}/{name}")
            else:
                yield f"{place}/{name} is not there"
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for number, (before, after) in enumerate(zip(was, now, strict=True)):
            yield from changed_values(before, after, f"{place}/{number}")
    elif was != now:
        yield f"{place}: {str(was)[:80]!r} is {str(now)[:80]!r}"


def run(command: str, *arguments: str, **options: Any) -> str:
    """The output of a command, or its error."""
    out, err = StringIO(), StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=err, **options)
    except (CommandError, SystemExit) as refused:
        return f"refused: {refused} {out.getvalue()}{err.getvalue()}"
    return out.getvalue()


def summary(more: Answers) -> Answers:
    return {"unit": DISTRICT, "period": HALF, "format": "json"} | more


def log_head(anchor: str | None) -> str:
    """The head of the log; the earlier one if the log still contains it."""
    output = run("verify_log", *(["--anchor", anchor] if anchor else [])).strip()
    return anchor if anchor and not output.startswith("refused") else output


def signed_in(name: str, keys: dict[str, str]) -> Client:
    """Signs in with password and second factor, for BY_PASSWORD only, since hashing is slow."""
    client = Client()
    if name not in BY_PASSWORD:
        client.force_login(User.objects.get(username=name))
        return client
    answer = client.post("/accounts/login/", {"username": name, "password": keys["password"]})
    if answer.headers.get("Location", "").startswith("/accounts/login/code/"):
        app = TOTP(bytes.fromhex(keys["factor"]))
        app.time = time.time()
        client.post(answer.headers["Location"], {"code": f"{app.token():06}"})
    return client


def frozen_reviews() -> list[Review]:
    return list(Review.objects.exclude(pdf_name="").order_by("pk"))


def review(reader: Client, frozen: Review) -> Answers:
    """Hash of a frozen review's file; for an issued one also the output of `verify_review`, which renders it again."""
    content = reader.get(f"/reports/reviews/{frozen.pk}.pdf").content
    verdict = run("verify_review", str(Path(settings.MEDIA_ROOT) / frozen.pdf_name)) if frozen.number else ""
    return {"sha256": hashlib.sha256(content).hexdigest(), "verify_review": verdict}


def open_data(stored: Answers) -> Iterator[tuple[str, Answers]]:
    """Per file: columns, rows, and a hash of the columns that the stored version had."""
    with tempfile.TemporaryDirectory() as folder:
        run("export_open_data", f"{folder}/data")
        for path in sorted(Path(folder).rglob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            columns = stored.get(path.name, {}).get("columns") or list(rows[0] if rows else ())
            content = json.dumps([[row.get(name) for name in columns] for row in rows], ensure_ascii=False)
            digest = hashlib.sha256(content.encode()).hexdigest()
            yield path.name, {"columns": columns, "rows": len(rows), "sha256": digest}


def pages(clients: dict[str, Client], stored: Answers | None) -> Iterator[tuple[str, Answers]]:
    """Per address: the reader, and each shown word with a digit. Without `stored`, all readable addresses."""
    if stored is not None:
        for address, entry in stored.items():
            now = numbers(clients[entry["who"]].get(address))
            if now is None:
                entry = entry | {"numbers": "no page"}
            elif gone := sorted(set(entry["numbers"]) - set(now)):
                entry = entry | {"numbers": f"without {gone}"}
            yield address, entry
        return
    for address in [*every_address(), *MORE_PAGES]:
        for who, client in clients.items():
            if not NOT_COMPARED.match(address) and (shown := numbers(client.get(address))) is not None:
                yield address, {"who": who, "numbers": shown}
                break


def numbers(answer: Any) -> list[str] | None:
    """Words with a digit in the main part; None if the answer is no page."""
    if answer.status_code != 200 or "html" not in answer.headers.get("Content-Type", ""):
        return None
    return sorted({word for word in within(MAIN, answer.content).split() if re.search(r"\d", word)})


def every_address() -> Iterator[str]:
    """One address per route; the longest matching prefix decides whose id it gets."""
    unit = Unit.objects.get(code=DISTRICT).pk
    of = {
        "units/": unit,
        "units/people/": User.objects.get(username="xa-13474").pk,
        "units/tokens/": Token.objects.first().pk,
        "records/": Submission.objects.get(unit__code="13474", month=202207).pk,
        "records/indicators/": unit,
        "records/targets/": unit,
        "reports/reviews/": frozen_reviews()[0].pk,
        "reports/asked/": Asking.objects.first().pk,
    }
    # Months with an open unlock request.
    for pk in Submission.objects.filter(unlock_requests__gt=0).order_by("pk").values_list("pk", flat=True):
        yield f"/records/{pk}/"
    for where, _ in routes():
        number = next(
            (of[prefix] for prefix in sorted(of, key=len, reverse=True) if where.startswith(prefix)), 1
        )
        yield "/" + re.sub(r"<int:\w+>", str(number), re.sub(r"<slug:key>", "ii-06a", where))
