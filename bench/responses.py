"""P5: the same queries to the product and to Superset, both signed in, over HTTP, on the same PostgreSQL.

Superset responds with JSON for one chart, the product with the whole page; its API responds with JSON too. The page is
the stricter comparison, the JSON the closer one.
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
from .server import http_request, serving, serving_bare, session_cookie
from .superset import Superset

UNCACHED, CACHED = 0.1, 0.4
JSON = "/api/v1/summary?"
# Uncounted requests, so that each worker has filled its cache.
WARM = 8


def rows(nation: tuple) -> Iterator[Result]:
    """P5, then P5b and P17 with both servers running. `nation`: (connection, top unit, scale), on PostgreSQL."""
    connection, top, scale = nation
    with use(connection):
        province = Unit.objects.filter(parent=top).order_by("pk").first()
        session = session_cookie(User.objects.get(username="reader"))
    queries = superset.chart_queries(province.name)
    whole = Period.of(scale.months_kept[0], LAST).code
    views = [
        {"unit": top.code, "period": HALF_YEAR.code, "by": "unit"},
        {"unit": top.code, "period": whole, "by": "month"},
        {"unit": province.code, "period": HALF_YEAR.code, "by": "unit"},
    ]
    with (
        serving(connection) as server,
        serving_bare(connection) as plain,
        superset.serving_superset(connection, queries) as other,
    ):
        bare = _request_act(plain.address, "/", "")
        for query, view in zip(queries, views, strict=True):
            ours = [_request_act(server.address, f"{at}{urlencode(view)}", session) for at in ("/?", JSON)]
            yield from _compare(nation, query, other, *ours, bare)
        yield from first_visit.superset_rows(server.address, session, other, str(scale))
        yield from memory.superset_rows(server, session, other, str(scale))


def _compare(
    nation: tuple, query: superset.ChartQuery, other: Superset, page: Act, figures: Act, bare: Act
) -> Iterator[Result]:
    connection, _, scale = nation
    uncached, flat_copy = (other.chart_act(name, query, uncached=True) for name in ("joined", superset.COPY))
    cached = other.chart_act("joined", query, uncached=False)
    changed, others = _invalidate_act(connection), pages.saving_act(connection)
    entering = {"between": others, "warm": WARM}
    pairs = [
        # Both are up to date: we validate the cached page on each request, Superset needs `force`.
        ("page while others enter ÷ Superset uncached", page, uncached, UNCACHED, entering),
        ("JSON while others enter ÷ Superset uncached", figures, uncached, UNCACHED, entering),
        ("page drawn anew ÷ Superset uncached", page, uncached, UNCACHED, {"between": changed}),
        ("page drawn anew ÷ Superset over a flat copy", page, flat_copy, None, {"between": changed}),
        ("JSON reckoned anew ÷ Superset uncached", figures, uncached, UNCACHED, {"between": changed}),
        # The lower bound for any page that Django renders.
        ("bare Django page ÷ Superset uncached", bare, uncached, None, {}),
        ("page asked for again ÷ Superset's cache", page, cached, CACHED, {"times": 15, "warm": WARM}),
        ("JSON asked for again ÷ Superset's cache", figures, cached, CACHED, {"times": 15, "warm": WARM}),
    ]
    for comparison, ours, reference, goal, options in pairs:
        title = f"P5 {query.title}: {comparison}, {vendor()}"
        yield Result(title, str(scale), *versus(ours, reference, **options), goal=goal)


def _request_act(address: str, path: str, session: str) -> Act:
    def read() -> None:
        answer, content = http_request(
            address, "GET", path, {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"}
        )
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {content[:200].decode()}")

    return read


def _invalidate_act(connection: Any) -> Act:
    """Append a log entry that invalidates every cached page."""

    def change() -> None:
        with use(connection), transaction.atomic():
            log.append("bench.asked", by=None, subject="", detail={})

    return change
