"""Apache Superset beside the product, on the same PostgreSQL: installed in build/superset by scripts/bench --superset.

Served like the product: gunicorn on loopback, two workers of four threads, its metadata in SQLite, its data cache on.
Signed in as an administrator, for whom it checks no row-level security.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.db import connection as default

from records.generate.country import HALF_YEAR

from .databases import ROOT, use
from .measurement import Act
from .peers import CHANNELS, EDITIONS, JOINED
from .server import Server, http_request, running

INSTALLED = ROOT / "build" / "superset"
COMMAND = [
    "--workers",
    "2",
    "--threads",
    "4",
    "--timeout",
    "120",
    "--no-control-socket",
    "superset.app:create_app()",
]
# The account that scripts/bench creates in the temporary database.
PERSON = {"username": "bench", "password": "bench"}
# The dataset over these tables: each submission with its unit and province.
ROWS = " ".join(
    [
        "SELECT province.name AS province, unit.name AS commune, submission.month AS month,",
        ", ".join(f"edition.{name} AS {name}" for name in CHANNELS),
        JOINED.format(rows=EDITIONS),
        "WHERE edition.state = 'approved'",
    ]
)
COPY = "superset_copy"
WITHIN = [
    {"col": "month", "op": ">=", "val": HALF_YEAR.first.number},
    {"col": "month", "op": "<=", "val": HALF_YEAR.last.number},
]
METRICS = [
    {"expressionType": "SQL", "sqlExpression": f"SUM({name})", "label": name, "optionName": f"metric_{name}"}
    for name in CHANNELS
]


@dataclass(frozen=True)
class ChartQuery:
    """A chart's query: sums by channel of the filtered rows, grouped by a column."""

    title: str
    by: str
    filters: list[dict[str, Any]] = field(default_factory=list)


def chart_queries(province: str) -> list[ChartQuery]:
    """The three queries of P5."""
    return [
        ChartQuery("half-year by province", "province", WITHIN),
        ChartQuery("trend of all months", "month"),
        ChartQuery(
            "a province by commune", "commune", [*WITHIN, {"col": "province", "op": "==", "val": province}]
        ),
    ]


class Superset:
    """A running server with datasets, a dashboard of three charts and a signed-in session."""

    def __init__(self, server: Server) -> None:
        self.server = server
        answer, _ = http_request(server.address, "POST", "/login/", _FORM, urlencode(PERSON))
        cookies = answer.headers.get_all("Set-Cookie") or []
        self.session = next(cookie for cookie in cookies if cookie.startswith("session=")).partition(";")[0][
            8:
        ]
        self.datasets: dict[str, int] = {}
        self.dashboard = 0

    def fill(self, connection: Any, queries: list[ChartQuery]) -> None:
        """Create a dataset of the joined tables, one of the flat copy, and the dashboard."""
        base = self._create("database", {"database_name": "bench", "sqlalchemy_uri": _uri(connection)})
        source = {"database": base, "schema": "public"}
        self.datasets["joined"] = self._create("dataset", source | {"table_name": "joined", "sql": ROWS})
        self.datasets[COPY] = self._create("dataset", source | {"table_name": COPY})
        self.dashboard = self._create("dashboard", {"dashboard_title": "bench", "published": True})
        charts = [self._chart(query) for query in queries]
        place = {"position_json": json.dumps(_layout(charts))}
        self._request("PUT", f"/api/v1/dashboard/{self.dashboard}", place)

    def chart_act(self, dataset: str, query: ChartQuery, *, uncached: bool) -> Act:
        """A chart's data request; `uncached` bypasses the cache. Errors: RuntimeError without rows."""
        source = {"id": self.datasets[dataset], "type": "table"}
        request = {
            "columns": [query.by],
            "metrics": METRICS,
            "filters": query.filters,
            "row_limit": 10_000,
        }
        body = {"datasource": source, "queries": [request], "force": uncached}
        body |= {"result_format": "json", "result_type": "full"}

        def answered() -> None:
            result = self._request("POST", "/api/v1/chart/data", body)["result"][0]
            if not result["rowcount"] or uncached is bool(result["is_cached"]):
                raise RuntimeError(f"{query.title}: {result['rowcount']} rows, cached: {result['is_cached']}")

        return answered

    def _chart(self, query: ChartQuery) -> int:
        """Create a chart; its filters have another format than those of a data request."""
        kind = "echarts_timeseries_line" if query.by == "month" else "echarts_timeseries_bar"
        filters = [
            {
                "expressionType": "SIMPLE",
                "clause": "WHERE",
                "subject": condition["col"],
                "operator": condition["op"],
                "comparator": condition["val"],
            }
            for condition in query.filters
        ]
        params = {
            "viz_type": kind,
            "x_axis": query.by,
            "metrics": METRICS,
            "groupby": [],
            "row_limit": 10_000,
        }
        params |= {"adhoc_filters": filters, "datasource": f"{self.datasets['joined']}__table"}
        whole = {"slice_name": query.title, "viz_type": kind, "params": json.dumps(params)}
        whole |= {"datasource_id": self.datasets["joined"], "datasource_type": "table"}
        return self._create("chart", whole | {"dashboards": [self.dashboard]})

    def _create(self, what: str, body: dict[str, Any]) -> int:
        return self._request("POST", f"/api/v1/{what}/", body)["id"]

    def _request(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Cookie": f"session={self.session}", "Content-Type": "application/json"}
        answer, content = http_request(self.server.address, method, path, headers, json.dumps(body))
        if answer.status >= 300:
            raise RuntimeError(f"Superset, {path}: {answer.status} {content[:500].decode()}")
        return json.loads(content)


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@contextmanager
def serving_superset(connection: Any, queries: list[ChartQuery]) -> Iterator[Superset]:
    """Run Superset on that database, with the rows also copied to a flat table with an index on month."""
    with use(connection), default.cursor() as cursor:
        # Constants of this module only, no outside input.
        cursor.execute(" ".join(["CREATE TABLE", COPY, "AS", ROWS]))
        cursor.execute(" ".join(["CREATE INDEX ON", COPY, "(month)"]))
        cursor.execute(" ".join(["ANALYZE", COPY]))
    with tempfile.TemporaryDirectory(prefix="cchc-superset-") as home:
        shutil.copy(INSTALLED / "home" / "superset.db", home)
        config = Path(__file__).with_name("superset_config.py")
        env = os.environ | {"SUPERSET_HOME": home, "SUPERSET_CONFIG_PATH": str(config)}
        gunicorn = str(INSTALLED / "venv" / "bin" / "gunicorn")
        with running([gunicorn, *COMMAND], env, Path(home), "/health") as server:
            superset = Superset(server)
            superset.fill(connection, queries)
            yield superset


def _uri(connection: Any) -> str:
    place = connection.settings_dict
    return f"postgresql+psycopg2://{place['USER']}@/{place['NAME']}?" + urlencode(
        {"host": place["HOST"], "port": place["PORT"]}
    )


def _layout(charts: list[int]) -> dict[str, Any]:
    """The layout of a dashboard: one row of charts, each a third of the width."""
    names = [f"CHART-{number}" for number in charts]
    above = ["ROOT_ID", "GRID_ID"]
    layout: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": ["ROW-1"], "parents": above[:1]},
        "ROW-1": {"type": "ROW", "id": "ROW-1", "children": names, "parents": above, "meta": {}},
    }
    for name, number in zip(names, charts, strict=True):
        meta = {"chartId": number, "width": 4, "height": 50}
        layout[name] = {
            "type": "CHART",
            "id": name,
            "children": [],
            "parents": [*above, "ROW-1"],
            "meta": meta,
        }
    return layout
