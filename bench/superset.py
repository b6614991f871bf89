"""Apache Superset beside the product, on the same PostgreSQL: installed in build/superset by scripts/bench --superset.

Served as the product is, by gunicorn on loopback with two workers of four threads, with a metadata database of its own
(SQLite) and its cache of answers switched on. Signed in as an administrator, whom it asks for no rights in the rows.
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
from .peers import ADDED_UP, CHANNELS, JOINED
from .server import Server, ask, running

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
# As scripts/bench makes it in a database that is thrown away.
PERSON = {"username": "bench", "password": "bench"}
# What a dataset over these tables has to be: each submission with its unit and its province.
ROWS = " ".join(
    [
        "SELECT province.name AS province, unit.name AS commune, submission.month AS month,",
        ", ".join(f"edition.{name} AS {name}" for name in CHANNELS),
        JOINED.format(rows=ADDED_UP),
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
class Question:
    """What a chart asks for: sums by channel, grouped by a column, of the rows that pass the filters."""

    title: str
    by: str
    filters: list[dict[str, Any]] = field(default_factory=list)


def questions(province: str) -> list[Question]:
    """The three of P5."""
    return [
        Question("half-year by province", "province", WITHIN),
        Question("trend of all months", "month"),
        Question(
            "a province by commune", "commune", [*WITHIN, {"col": "province", "op": "==", "val": province}]
        ),
    ]


class Superset:
    """A server with the rows as datasets and a dashboard of three charts, and somebody who is signed in."""

    def __init__(self, server: Server) -> None:
        self.server = server
        answer, _ = ask(server.address, "POST", "/login/", _FORM, urlencode(PERSON))
        cookies = answer.headers.get_all("Set-Cookie") or []
        self.session = next(one for one in cookies if one.startswith("session=")).partition(";")[0][8:]
        self.datasets: dict[str, int] = {}
        self.dashboard = 0

    def fill(self, connection: Any, asked: list[Question]) -> None:
        """A dataset of the joined tables, one of the copied rows, and the dashboard."""
        base = self._made("database", {"database_name": "bench", "sqlalchemy_uri": _uri(connection)})
        where = {"database": base, "schema": "public"}
        self.datasets["joined"] = self._made("dataset", where | {"table_name": "joined", "sql": ROWS})
        self.datasets[COPY] = self._made("dataset", where | {"table_name": COPY})
        self.dashboard = self._made("dashboard", {"dashboard_title": "bench", "published": True})
        charts = [self._chart(question) for question in asked]
        place = {"position_json": json.dumps(_placed(charts))}
        self._told("PUT", f"/api/v1/dashboard/{self.dashboard}", place)

    def asking(self, dataset: str, question: Question, *, anew: bool) -> Act:
        """What a chart sends for its rows; `anew` past the cache. Errors: RuntimeError for another answer."""
        source = {"id": self.datasets[dataset], "type": "table"}
        query = {
            "columns": [question.by],
            "metrics": METRICS,
            "filters": question.filters,
            "row_limit": 10_000,
        }
        body = {"datasource": source, "queries": [query], "force": anew}
        body |= {"result_format": "json", "result_type": "full"}

        def answered() -> None:
            found = self._told("POST", "/api/v1/chart/data", body)["result"][0]
            if not found["rowcount"] or anew is bool(found["is_cached"]):
                raise RuntimeError(
                    f"{question.title}: {found['rowcount']} rows, cached: {found['is_cached']}"
                )

        return answered

    def _chart(self, query: Question) -> int:
        """Filters of a chart are kept in another shape than those of a request."""
        kind = "echarts_timeseries_line" if query.by == "month" else "echarts_timeseries_bar"
        kept = [
            {
                "expressionType": "SIMPLE",
                "clause": "WHERE",
                "subject": one["col"],
                "operator": one["op"],
                "comparator": one["val"],
            }
            for one in query.filters
        ]
        params = {
            "viz_type": kind,
            "x_axis": query.by,
            "metrics": METRICS,
            "groupby": [],
            "row_limit": 10_000,
        }
        params |= {"adhoc_filters": kept, "datasource": f"{self.datasets['joined']}__table"}
        whole = {"slice_name": query.title, "viz_type": kind, "params": json.dumps(params)}
        whole |= {"datasource_id": self.datasets["joined"], "datasource_type": "table"}
        return self._made("chart", whole | {"dashboards": [self.dashboard]})

    def _made(self, what: str, body: dict[str, Any]) -> int:
        return self._told("POST", f"/api/v1/{what}/", body)["id"]

    def _told(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Cookie": f"session={self.session}", "Content-Type": "application/json"}
        answer, content = ask(self.server.address, method, path, headers, json.dumps(body))
        if answer.status >= 300:
            raise RuntimeError(f"Superset, {path}: {answer.status} {content[:500].decode()}")
        return json.loads(content)


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@contextmanager
def beside(connection: Any, asked: list[Question]) -> Iterator[Superset]:
    """Served on that database, with the rows copied flat into a table with an index of months."""
    with use(connection), default.cursor() as cursor:
        # Names of this module only: nothing comes from outside.
        cursor.execute(" ".join(["CREATE TABLE", COPY, "AS", ROWS]))
        cursor.execute(" ".join(["CREATE INDEX ON", COPY, "(month)"]))
        cursor.execute(" ".join(["ANALYZE", COPY]))
    with tempfile.TemporaryDirectory(prefix="cchc-superset-") as home:
        shutil.copy(INSTALLED / "home" / "superset.db", home)
        config = Path(__file__).with_name("superset_config.py")
        env = os.environ | {"SUPERSET_HOME": home, "SUPERSET_CONFIG_PATH": str(config)}
        gunicorn = str(INSTALLED / "venv" / "bin" / "gunicorn")
        with running([gunicorn, *COMMAND], env, Path(home), "/health") as server:
            found = Superset(server)
            found.fill(connection, asked)
            yield found


def _uri(connection: Any) -> str:
    place = connection.settings_dict
    return f"postgresql+psycopg2://{place['USER']}@/{place['NAME']}?" + urlencode(
        {"host": place["HOST"], "port": place["PORT"]}
    )


def _placed(charts: list[int]) -> dict[str, Any]:
    """The layout of a dashboard: one row of charts, each a third of the width."""
    names = [f"CHART-{number}" for number in charts]
    above = ["ROOT_ID", "GRID_ID"]
    found: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": ["ROW-1"], "parents": above[:1]},
        "ROW-1": {"type": "ROW", "id": "ROW-1", "children": names, "parents": above, "meta": {}},
    }
    for name, number in zip(names, charts, strict=True):
        meta = {"chartId": number, "width": 4, "height": 50}
        found[name] = {
            "type": "CHART",
            "id": name,
            "children": [],
            "parents": [*above, "ROW-1"],
            "meta": meta,
        }
    return found
