"""The renderer: a program of its own, without Django, that draws one job after another, each in a forked child.

Started by `helper` as `python -I drawing.py BYTES`: so much memory may a drawing take. A job on standard input is its
length in decimal digits, a newline and that many bytes of JSON; the answer on standard output is a status (0 is done),
the length of the PDF, a newline and the PDF. WeasyPrint is loaded once; the fork keeps what a document takes or breaks
away from the next, at a cost of milliseconds. The only module that imports WeasyPrint.
"""

import json
import os
import resource
import select
import sys
import tempfile
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from pydyf import Array
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

CPU_SECONDS = 120
LARGEST_FILE = 200 * 1024 * 1024
# Pages of people who wait for an answer go before a drawing.
NICENESS = 5
# Without a job for so long the program ends, so that an idle service keeps no memory for it.
IDLE_SECONDS = 300
# Exit statuses of a child that had to give up; a child that was killed has the negative number of the signal.
FAILED, OUT_OF_MEMORY = 1, 3


class FontsOnly(URLFetcher):
    """Serves the print fonts by their exact address; anything else is refused."""

    def __init__(self, fonts: Path) -> None:
        super().__init__(allowed_protocols=["file"])
        self.allowed = {path.as_uri() for path in fonts.glob("*.ttf")}

    def fetch(self, url, headers=None):
        if url not in self.allowed:
            raise ValueError("Địa chỉ không được phép trong bản in.")
        return super().fetch(url, headers)


def draw(job: dict[str, Any]) -> bytes:
    """The PDF of a job: `html`, `css`, the folder `fonts`, and `attachment` or None."""
    fonts, fetcher = FontConfiguration(), FontsOnly(Path(job["fonts"]))
    sheet = CSS(string=job["css"], font_config=fonts, url_fetcher=fetcher)
    return HTML(string=job["html"], url_fetcher=fetcher, base_url=None).write_pdf(
        stylesheets=[sheet],
        font_config=fonts,
        pdf_variant="pdf/ua-1",
        finisher=_relate_cells,
        attachments=[_attachment(job["attachment"])] if job["attachment"] else [],
    )


def _relate_cells(document: Any, pdf: Any) -> None:
    """Say of each header cell whether it heads a column or a row, and of each other cell which cells head it.
    WeasyPrint gives no /Scope, and under a head of two rows takes the wrong columns (PDF/UA-1, ISO 14289-1 7.5).
    """
    for table in pdf.objects:
        if isinstance(table, dict) and table.get("S") == "/Table" and "K" in table:
            _relate_in(list(_rows(pdf, table)))


def _rows(pdf: Any, element: Any, in_head: bool = False) -> Iterator[tuple[bool, list[Any]]]:
    """The rows of a table with their cells, and whether they stand in its head."""
    for kid in _kids(pdf, element):
        if kid["S"] == "/TR":
            yield in_head, [cell for cell in _kids(pdf, kid) if cell["S"] in ("/TH", "/TD")]
        elif kid["S"] in ("/THead", "/TBody", "/TFoot"):
            yield from _rows(pdf, kid, kid["S"] == "/THead")


def _kids(pdf: Any, element: Any) -> list[Any]:
    """Structure elements directly below one; its marked content is left out."""
    numbers = [int(kid.split()[0]) for kid in element.get("K", ()) if isinstance(kid, bytes | str)]
    return [pdf.objects[number] for number in numbers if "S" in pdf.objects[number]]


def _relate_in(rows: list[tuple[bool, list[Any]]]) -> None:
    taken: set[tuple[int, int]] = set()
    over: dict[int, list[Any]] = {}
    for place, (in_head, cells) in enumerate(rows):
        column, beside = (
            0,
            [cell["ID"] for cell in cells if cell["S"] == "/TH" and not in_head and "ID" in cell],
        )
        for cell in cells:
            while (place, column) in taken:
                column += 1
            about = cell["A"]
            columns = range(column, column + about.get("ColSpan", 1))
            taken |= {(place + down, at) for down in range(about.get("RowSpan", 1)) for at in columns}
            if cell["S"] == "/TH":
                about["Scope"] = "/Column" if in_head else "/Row"
                if in_head and "ID" in cell:
                    for at in columns:
                        over.setdefault(at, []).append(cell["ID"])
            else:
                about["Headers"] = Array([*beside, *(head for at in columns for head in over.get(at, ()))])
            column = columns.stop


def _attachment(told: dict[str, Any]) -> Attachment:
    moment = datetime.fromisoformat(told["moment"]) if told["moment"] else None
    return Attachment(
        string=told["content"].encode("utf-8"),
        name=told["name"],
        description=told["description"],
        created=moment,
        modified=moment,
        relationship="Data",
    )


def _limit(address_space: int) -> None:
    for what, limit in (
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    os.nice(NICENESS)


def _in_child(job: bytes, result: BinaryIO, address_space: int) -> int:
    """Draw within limits in a child of this process, into `result`; its exit status, 0 when it is done."""
    child = os.fork()
    if child == 0:
        status = FAILED
        try:
            _limit(address_space)
            result.write(draw(json.loads(job)))
            result.flush()
            status = 0
        except MemoryError:
            status = OUT_OF_MEMORY
        except BaseException:
            traceback.print_exc()
        finally:
            # Whatever went wrong, the child ends here and never comes back into the loop of its parent.
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def serve(jobs: BinaryIO, answers: BinaryIO, address_space: int) -> None:
    """Answer jobs until there are no more, or none has come for a while. address_space: bytes that a job may take."""
    while select.select([jobs], [], [], IDLE_SECONDS)[0]:
        length = jobs.readline()
        if not length:
            return
        job = _exactly(jobs, int(length))
        with tempfile.TemporaryFile() as result:
            status = _in_child(job, result, address_space)
            result.seek(0)
            drawn = b"" if status else result.read()
        answers.write(b"%d %d\n" % (status, len(drawn)) + drawn)
        answers.flush()


def _exactly(source: BinaryIO, length: int) -> bytes:
    """So many bytes of an unbuffered source, or fewer where it ends."""
    parts, lacking = [], length
    while lacking and (part := source.read(min(lacking, 1 << 20))):
        parts.append(part)
        lacking -= len(part)
    return b"".join(parts)


if __name__ == "__main__":
    # Unbuffered, so that waiting for the next job sees every byte that has come.
    with open(0, "rb", buffering=0, closefd=False) as jobs_, open(1, "wb", closefd=False) as answers_:
        serve(jobs_, answers_, int(sys.argv[1]))
