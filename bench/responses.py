"""P5: the same questions asked of the product and of Superset, both signed in, over HTTP, on the same PostgreSQL.

Superset's answer is JSON from which its page draws a chart. The product answers with the whole page, tables, words and
charts, and has an address that gives the figures as JSON too: the page is the stricter, the JSON the closer comparison.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.http import urlencode

from accounts.models import User
from figures.periods import Period
from ledger import log
from records.generate.country import HALF_YEAR, LAST
from units.models import Unit

from . import first_visit, memory, pages, superset
from .databases import use, vendor
from .measurement import Act, Result, versus
from .server import ask, serving, serving_bare, session_of
from .superset import Superset

UNCACHED, CACHED = 0.1, 0.4
JSON = "/api/v1/summary?"
# Asked before it counts, so that each worker has what it keeps.
WARM = 8


def rows(nation: tuple) -> Iterator[Result]:
    """P5, then P5b and P17 with both servers running. `nation`: (connection, top unit, scale), on PostgreSQL."""
    connection, top, scale = nation
    with use(connection):
        province = Unit.objects.filter(parent=top).order_by("pk").first()
        session = session_of(User.objects.get(username="reader"))
    asked = superset.questions(province.name)
    whole = Period.of(scale.months_kept[0], LAST).code
    views = [
        {"unit": top.code, "period": HALF_YEAR.code, "by": "unit"},
        {"unit": top.code, "period": whole, "by": "month"},
        {"unit": province.code, "period": HALF_YEAR.code, "by": "unit"},
    ]
    with (
        serving(connection) as server,
        serving_bare(connection) as plain,
        superset.beside(connection, asked) as other,
    ):
        bare = _reading(plain.address, "/", "")
        for question, view in zip(asked, views, strict=True):
            ours = [_reading(server.address, f"{at}{urlencode(view)}", session) for at in ("/?", JSON)]
            yield from _beside(nation, question, other, *ours, bare)
        yield from first_visit.beside(server.address, session, other, str(scale))
        yield from memory.beside(server, session, other, str(scale))


def _beside(
    nation: tuple, query: superset.Question, other: Superset, page: Act, figures: Act, bare: Act
) -> Iterator[Result]:
    connection, _, scale = nation
    anew, copied = (other.asking(name, query, anew=True) for name in ("joined", superset.COPY))
    kept = other.asking("joined", query, anew=False)
    changed, others = _changing(connection), pages.entering(connection)
    entering = {"between": others, "warm": WARM}
    pairs = [
        # Both true at the moment of asking: a kept page is looked over at each request, `force` is Superset's way.
        ("page while others enter ÷ Superset uncached", page, anew, UNCACHED, entering),
        ("JSON while others enter ÷ Superset uncached", figures, anew, UNCACHED, entering),
        ("page drawn anew ÷ Superset uncached", page, anew, UNCACHED, {"between": changed}),
        ("page drawn anew ÷ Superset over a flat copy", page, copied, None, {"between": changed}),
        ("JSON reckoned anew ÷ Superset uncached", figures, anew, UNCACHED, {"between": changed}),
        # What is left for whoever draws a page by Django, whatever it shows.
        ("bare Django page ÷ Superset uncached", bare, anew, None, {}),
        ("page asked for again ÷ Superset's cache", page, kept, CACHED, {"times": 15, "warm": WARM}),
        ("JSON asked for again ÷ Superset's cache", figures, kept, CACHED, {"times": 15, "warm": WARM}),
    ]
    for told, ours, reference, goal, how in pairs:
        title = f"P5 {query.title}: {told}, {vendor()}"
        yield Result(title, str(scale), *versus(ours, reference, **how), goal=goal)


def _reading(address: str, path: str, session: str) -> Act:
    def read() -> None:
        answer, content = ask(address, "GET", path, {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"})
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {content[:200].decode()}")

    return read


def _changing(connection: Any) -> Act:
    """Something that concerns every page is logged: no worker shows what it drew before."""

    def change() -> None:
        with use(connection), transaction.atomic():
            log.append("bench.asked", by=None, subject="", detail={})

    return change
