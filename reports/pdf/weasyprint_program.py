"""A program without Django that draws PDFs, each in a forked child with limits; started by reports.pdf.drawing.

The only module that imports WeasyPrint; no web process loads it.
"""

import json
import logging
import os
import select
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from pydyf import Array, Dictionary
from weasyprint import CSS, HTML, Attachment
from weasyprint.logger import PROGRESS_LOGGER
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

from core.sandbox import limit_this_process

# WeasyPrint leaves page numbers and running heads as content without a tag, keeps empty elements, and gives header
# cells no scope and cells under a two-row head no headers. It makes a table of several pages one table per page, each
# with its head; that stays, since a screen reader then reads the heads on each page.

# WeasyPrint's operator for marked content in a page, after the tag and a dictionary with its number.
_BEGINS = b"BDC"
POINT = 0.75  # of a CSS pixel


def mend_tags(pdf: Any) -> None:
    """Corrects the structure tags; `pdf` holds the objects that WeasyPrint is about to write."""
    root = pdf.objects[int(pdf.catalog["StructTreeRoot"].split()[0])]
    (top,) = children(pdf, root)
    _drop_empty(pdf, top)
    elements = list(descendants(pdf, top))
    for element in elements:
        if element["S"] == "/Table":
            _relate_cells(list(_rows(pdf, element)))
        elif element["S"] == "/Figure":
            _place_figure(pdf, element)
    _mark_artifacts(pdf, root, {id(element) for element in elements})


def children(pdf: Any, element: Any) -> list[Any]:
    """The child structure elements, without marked content."""
    numbers = [int(kid.split()[0]) for kid in element.get("K", ()) if isinstance(kid, bytes | str)]
    return [pdf.objects[number] for number in numbers if "S" in pdf.objects[number]]


def descendants(pdf: Any, element: Any) -> Iterator[Any]:
    """All descendant structure elements, in reading order."""
    for kid in children(pdf, element):
        yield kid
        yield from descendants(pdf, kid)


def _drop_empty(pdf: Any, element: Any) -> None:
    """Removes empty elements, except table cells."""
    for kid in children(pdf, element):
        _drop_empty(pdf, kid)
        if not kid["K"] and kid["S"] not in ("/TD", "/TH"):
            element["K"].remove(kid.reference)


def _rows(pdf: Any, element: Any, in_head: bool = False) -> Iterator[tuple[bool, list[Any]]]:
    """The rows of a table: whether in its head, and cells."""
    for kid in children(pdf, element):
        if kid["S"] == "/TR":
            yield in_head, [cell for cell in children(pdf, kid) if cell["S"] in ("/TH", "/TD")]
        elif kid["S"] in ("/THead", "/TBody", "/TFoot"):
            yield from _rows(pdf, kid, kid["S"] == "/THead")


def _relate_cells(rows: list[tuple[bool, list[Any]]]) -> None:
    """Sets the scope of each header cell and the headers of each other cell."""
    spanned: set[tuple[int, int]] = set()
    over: dict[int, list[Any]] = {}
    for place, (in_head, cells) in enumerate(rows):
        beside = [cell["ID"] for cell in cells if cell["S"] == "/TH" and not in_head and "ID" in cell]
        column = 0
        for cell in cells:
            while (place, column) in spanned:
                column += 1
            about = cell["A"]
            columns = range(column, column + about.get("ColSpan", 1))
            down = about.get("RowSpan", 1)
            if down > 1 or len(columns) > 1:
                spanned |= {(place + row, at) for row in range(down) for at in columns}
            if cell["S"] == "/TH":
                about["Scope"] = "/Column" if in_head else "/Row"
                if in_head and "ID" in cell:
                    for at in columns:
                        over.setdefault(at, []).append(cell["ID"])
            else:
                about["Headers"] = Array([*beside, *(head for at in columns for head in over.get(at, ()))])
            column = columns.stop


def _place_figure(pdf: Any, figure: Any) -> None:
    """Converts a figure's box from pixels below the upper edge to points above the lower edge."""
    page = pdf.objects[int(figure["Pg"].split()[0])]
    height = page["MediaBox"][3]
    left, upper, right, lower = (POINT * side for side in figure["A"]["BBox"])
    figure["A"]["BBox"] = Array((left, height - lower, right, height - upper))


def _mark_artifacts(pdf: Any, root: Any, element_ids: set[int]) -> None:
    """Marks page numbers and running heads as pagination artifacts (ISO 14289-1 7.8)."""
    pages, numbers = pdf.page_references, pdf.objects[int(root["ParentTree"].split()[0])]["Nums"]
    for page_number, holders in zip(numbers[::2], numbers[1::2], strict=True):
        if not isinstance(holders, list):
            continue
        untagged = {
            mark
            for mark, holder in enumerate(holders)
            if id(pdf.objects[int(holder.split()[0])]) not in element_ids
        }
        if untagged:
            page = pdf.objects[int(pages[page_number].split()[0])]
            _as_artifacts(pdf.objects[int(page["Contents"].split()[0])].stream, untagged)
            for mark in untagged:
                pdf.objects[int(holders[mark].split()[0])].clear()
                holders[mark] = "null"


def _as_artifacts(operators: list[Any], marks: set[int]) -> None:
    for place, operator in enumerate(operators):
        if operator == _BEGINS and operators[place - 1].get("MCID") in marks:
            operators[place - 2] = "/Artifact"
            operators[place - 1] = Dictionary({"Type": "/Pagination"})


# The PDF/UA identifier and its schema, which PDF/A requires for a property it does not define (ISO 19005-1 6.7.8;
# ISO 14289-1 5).
_CLAIM = """<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>\
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" \
xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">\
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>\
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>\
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">\
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>\
<pdfaProperty:category>internal</pdfaProperty:category>\
<pdfaProperty:description>Part of ISO 14289 to which the file conforms</pdfaProperty:description>\
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"""
_END = b"</rdf:RDF>"


def claim_accessibility(pdf: Any) -> None:
    """Adds the PDF/UA identifier to the metadata and removes duplicate attachment entries."""
    metadata = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
    (content,) = metadata.stream
    head, end, tail = content.rpartition(_END)
    if not end:
        raise ValueError("metadata of another form than WeasyPrint 70 writes")
    metadata.stream = [head + _CLAIM.encode() + end + tail]
    if "AF" in pdf.catalog:
        # WeasyPrint lists every file twice: from the name tree and from its description.
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])


# Tagged PDF/A; `claim_accessibility` adds PDF/UA-1, which WeasyPrint supports only instead of PDF/A.
VARIANT = "pdf/a-3a"
OnPage = Callable[[int], None]


class FontsOnly(URLFetcher):
    """Serves the print fonts by their exact address; anything else is refused."""

    def __init__(self, fonts: Path) -> None:
        super().__init__(allowed_protocols=["file"])
        self.allowed = {path.as_uri() for path in fonts.glob("*.ttf")}

    def fetch(self, url, headers=None):
        if url not in self.allowed:
            raise ValueError("Địa chỉ không được phép trong bản in.")
        return super().fetch(url, headers)


class _Pages(logging.Handler):
    """Reports each page laid out, from WeasyPrint's progress log; 0 when it starts to write the file."""

    def __init__(self, on_page: OnPage) -> None:
        super().__init__(logging.INFO)
        self.on_page = on_page

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("Step 5 - Creating layout - Page"):
            self.on_page(record.args[0])
        elif record.msg.startswith("Step 6"):
            self.on_page(0)


def draw(job: dict[str, Any], on_page: OnPage | None = None) -> bytes:
    """The PDF of a job: `html`, `css`, the folder `fonts`, and the files `attached`. `on_page` is called per page."""
    fonts, fetcher = FontConfiguration(), FontsOnly(Path(job["fonts"]))
    with _progress_to(on_page):
        sheet = CSS(string=job["css"], font_config=fonts, url_fetcher=fetcher)
        return HTML(string=job["html"], url_fetcher=fetcher, base_url=None).write_pdf(
            stylesheets=[sheet],
            font_config=fonts,
            pdf_variant=VARIANT,
            finisher=_finish,
            attachments=[_attachment(file) for file in job["attached"]],
        )


@contextmanager
def _progress_to(on_page: OnPage | None) -> Iterator[None]:
    """Sends WeasyPrint's progress log to `on_page` only."""
    handlers, level = PROGRESS_LOGGER.handlers, PROGRESS_LOGGER.level
    if on_page:
        PROGRESS_LOGGER.handlers, PROGRESS_LOGGER.propagate = [_Pages(on_page)], False
        PROGRESS_LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        PROGRESS_LOGGER.handlers = handlers
        PROGRESS_LOGGER.setLevel(level)


def _finish(document: Any, pdf: Any) -> None:
    mend_tags(pdf)
    claim_accessibility(pdf)


def _attachment(file: dict[str, Any]) -> Attachment:
    moment = datetime.fromisoformat(file["moment"]) if file["moment"] else None
    return Attachment(
        string=file["content"].encode("utf-8"),
        name=file["name"],
        description=file["description"],
        created=moment,
        modified=moment,
        relationship=file["relationship"],
    )


# Input: the length of the job in decimal digits, a newline and that many bytes of JSON. Output: a line "page N" for
# each page laid out (0: the file is being written), then a status (0 is done), the length of the PDF, a newline and
# the PDF. WeasyPrint is loaded once; a fork per document isolates its memory and faults, at a cost of milliseconds.

LARGEST_FILE = 200 * 1024 * 1024
# The program ends after this time without a job, to free its memory.
IDLE_SECONDS = 300
# Exit statuses of a failed child; a killed child has the negative number of the signal.
FAILED, OUT_OF_MEMORY = 1, 3


def _in_child(job: bytes, result: BinaryIO, answers: BinaryIO, limits: tuple[int, int], place: str) -> int:
    """Draws into `result` in a child process with limits; returns its exit status, 0 for success. The child's temporary
    files (fonts) go into the folder `place`, since a killed child leaves them behind.
    """
    child = os.fork()
    if child == 0:
        status = FAILED
        try:
            limit_this_process(memory=limits[0], seconds=limits[1], written=LARGEST_FILE)
            tempfile.tempdir = place
            output = answers.fileno()
            result.write(draw(json.loads(job), lambda page: os.write(output, b"page %d\n" % page)))
            result.flush()
            status = 0
        except MemoryError:
            status = OUT_OF_MEMORY
        except BaseException:
            traceback.print_exc()
        finally:
            # The child must never return into its parent's loop.
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def serve(jobs: BinaryIO, answers: BinaryIO, limits: tuple[int, int]) -> None:
    """Serves jobs until the input ends or is idle. `limits` of a job: bytes of address space, seconds of CPU time."""
    while select.select([jobs], [], [], IDLE_SECONDS)[0]:
        length = jobs.readline()
        if not length:
            return
        job = _exactly(jobs, int(length))
        with tempfile.TemporaryFile() as result, tempfile.TemporaryDirectory() as place:
            status = _in_child(job, result, answers, limits, place)
            result.seek(0)
            drawn = b"" if status else result.read()
        answers.write(b"%d %d\n" % (status, len(drawn)) + drawn)
        answers.flush()


def _exactly(source: BinaryIO, length: int) -> bytes:
    """Reads `length` bytes of an unbuffered source, or fewer at its end."""
    parts, missing = [], length
    while missing and (part := source.read(min(missing, 1 << 20))):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def main() -> None:
    """Serves standard input; the last two arguments are the limits of a job."""
    # Unbuffered, so that select sees every byte.
    with open(0, "rb", buffering=0, closefd=False) as jobs, open(1, "wb", closefd=False) as answers:
        serve(jobs, answers, (int(sys.argv[-2]), int(sys.argv[-1])))
