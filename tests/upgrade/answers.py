"""What the product answers from a database: commands, sign-in, pages, API, files; and what it answers no more."""

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
# Who may do most comes last: a page is read by the first who may.
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
# Pages with more than one face.
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
# They tell of this machine, or of the present moment.
NOT_KEPT = re.compile(r"/(accounts/sessions|reports/status|healthz|readyz|metrics)")


def ask(keys: dict[str, str], known: Answers) -> Answers:
    """Everything that is compared; `known`: what was answered when it was kept, nothing when it is kept now."""
    clients = {name: signed_in(name, keys) for name in PEOPLE}
    token = Client(headers={"authorization": f"Bearer {keys['token']}"})
    commands = {
        # The first: others write to the log.
        "verify_log": log_head(known.get("commands", {}).get("verify_log")),
        "recount": run("recount", check=True),
        "list_missing": json.loads(run("list_missing", month="2022", format="json")),
        "export_person": json.loads(run("export_person", "xa-13474")),
    }
    return {
        "commands": commands,
        "summary": {name: json.loads(run("summary", **summary(more))) for name, more in SUMMARIES.items()},
        "open data": dict(open_data(known.get("open data", {}))),
        "reviews": {
            str(frozen_review.pk): review(clients["lanhdao"], frozen_review)
            for frozen_review in frozen_reviews()
        },
        "api": {address: token.get(f"/api/v1/{address}").json() for address in API},
        "pages": dict(pages(clients, known.get("pages"))),
    }


def lacking(was: Any, now: Any, place: str = "") -> Iterator[str]:
    """Where something is no more what it was; a newer version may say more."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name, value in was.items():
            if name in now:
                yield from lacking(value, now[name], f"{place}/{name}")
            else:
                yield f"{place}/{name} is not there"
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for number, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from lacking(one, other, f"{place}/{number}")
    elif was != now:
        yield f"{place}: {str(was)[:80]!r} is {str(now)[:80]!r}"


def run(command: str, *arguments: str, **options: Any) -> str:
    """What a command prints; where it refuses, that."""
    out, err = StringIO(), StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=err, **options)
    except (CommandError, SystemExit) as refused:
        return f"refused: {refused} {out.getvalue()}{err.getvalue()}"
    return out.getvalue()


def summary(more: Answers) -> Answers:
    return {"unit": DISTRICT, "period": HALF, "format": "json"} | more


def log_head(known: str | None) -> str:
    """The head of the log, as it was if the log still holds that."""
    told = run("verify_log", *(["--anchor", known] if known else [])).strip()
    return known if known and not told.startswith("refused") else told


def signed_in(name: str, keys: dict[str, str]) -> Client:
    """By password, and by a code of the app of who has set one up; for some of them, since it is meant to take long."""
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
    """Those that have a file."""
    return list(Review.objects.exclude(pdf_name="").order_by("pk"))


def review(reader: Client, one: Review) -> Answers:
    """The file of a frozen review; of an issued one what is said of it, for which it is drawn again."""
    content = reader.get(f"/reports/reviews/{one.pk}.pdf").content
    said = run("verify_review", str(Path(settings.MEDIA_ROOT) / one.pdf_name)) if one.number else ""
    return {"sha256": hashlib.sha256(content).hexdigest(), "verify_review": said}


def open_data(known: Answers) -> Iterator[tuple[str, Answers]]:
    """Of each file: its columns, and a digest of what is in those that were there."""
    with tempfile.TemporaryDirectory() as folder:
        run("export_open_data", f"{folder}/data")
        for path in sorted(Path(folder).rglob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            columns = known.get(path.name, {}).get("columns") or list(rows[0] if rows else ())
            content = json.dumps([[row.get(name) for name in columns] for row in rows], ensure_ascii=False)
            digest = hashlib.sha256(content.encode()).hexdigest()
            yield path.name, {"columns": columns, "rows": len(rows), "sha256": digest}


def pages(clients: dict[str, Client], known: Answers | None) -> Iterator[tuple[str, Answers]]:
    """By address: who reads it, and each word with a digit that it shows. When they are kept: all that can be read."""
    if known is not None:
        for address, told in known.items():
            now = numbers(clients[told["who"]].get(address))
            if now is None:
                told = told | {"numbers": "no page"}
            elif gone := sorted(set(told["numbers"]) - set(now)):
                told = told | {"numbers": f"without {gone}"}
            yield address, told
        return
    for address in [*every_address(), *MORE_PAGES]:
        for who, client in clients.items():
            if not NOT_KEPT.match(address) and (found := numbers(client.get(address))) is not None:
                yield address, {"who": who, "numbers": found}
                break


def numbers(answer: Any) -> list[str] | None:
    """None where the answer is no page."""
    if answer.status_code != 200 or "html" not in answer.headers.get("Content-Type", ""):
        return None
    return sorted({word for word in within(MAIN, answer.content).split() if re.search(r"\d", word)})


def every_address() -> Iterator[str]:
    """Of each route one; the longest beginning that fits says what its number is of."""
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
    # Of those who ask for the opening of a month.
    for pk in Submission.objects.filter(unlock_requests__gt=0).order_by("pk").values_list("pk", flat=True):
        yield f"/records/{pk}/"
    for where, _ in routes():
        number = next((of[one] for one in sorted(of, key=len, reverse=True) if where.startswith(one)), 1)
        yield "/" + re.sub(r"<int:\w+>", str(number), re.sub(r"<slug:key>", "ii-06a", where))
