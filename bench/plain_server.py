"""References for the page rows: plain Django on the same server."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import Context, Engine

from core.web import Right, requires
from records.generate.country import LAST
from records.models import Edition

COLUMNS = (
    "submission__unit__name",
    "received_direct",
    "received_online_partial",
    "received_online_full",
    "received_postal",
    "resolved_early",
    "resolved_on_time",
    "resolved_late",
    "pending_in_time",
)
# A loop over formatted cells, each with the label that narrow screens show.
LOOP = """<table class="t"><thead><tr>{% for head in heads %}<th scope="col">{{ head }}</th>{% endfor %}</tr></thead>
<tbody>{% for name, href, cells in lines %}<tr><th scope="row"><a href="{{ href }}">{{ name }}</a></th>
{% for label, text in cells %}<td class="num" data-l="{{ label }}">{{ text }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>"""


@requires(Right.SIGNED_IN)
def bare(request: HttpRequest) -> HttpResponse:
    """A signed-in page with the base template and a table of 30 rows from one query."""
    rows = Edition.objects.filter(submission__month=LAST.previous().number).order_by("submission__unit__name")
    return render(request, "bench/bare.html", {"rows": rows.values_list(*COLUMNS)[:30], "heads": COLUMNS})


def loop(engine: Engine):
    """The compiled plain loop; call it with heads and lines of (name, address, cells)."""
    template = engine.from_string(LOOP)

    def draw(heads, lines) -> str:
        return template.render(Context({"heads": heads, "lines": lines}))

    return draw
