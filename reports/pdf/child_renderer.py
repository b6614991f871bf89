"""A program without Django that draws PDFs, each in a forked child with limits.

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

from core.child_process import limit_this_process

# WeasyPrint leaves the text of page numbers and running words marked as content that no tag holds, and empty
# elements; it says neither what a header cell heads nor, under a head of two rows, which columns. Of a table
# that runs over several pages it makes one on each, with its own head: so it stays, since a reader then hears
# the heads wherever it begins.

# A mark of WeasyPrint's in a page: the tag, its number as a dictionary, and this.
_BEGINS = b"BDC"
POINT = 0.75  # of a CSS pixel


def mend_tags(pdf: Any) -> None:
    """Mend the tags of a drawing: `pdf` holds the objects that WeasyPrint is about to write."""
    root = pdf.objects[int(pdf.catalog["StructTreeRoot"].split()[0])]
    (top,) = children(pdf, root)
    _drop_empty(pdf, top)
    said = list(descendants(pdf, top))
    for element in said:
        if element["S"] == "/Table":
            _relate_cells(list(_rows(pdf, element)))
        elif element["S"] == "/Figure":
            _place_figure(pdf, element)
    _leave_unsaid(pdf, root, {id(element) for element in said})


def children(pdf: Any, element: Any) -> list[Any]:
    """Structure elements directly below one; its marked content is left out."""
    numbers = [int(kid.split()[0]) for kid in element.get("K", ()) if isinstance(kid, bytes | str)]
    return [pdf.objects[number] for number in numbers if "S" in pdf.objects[number]]


def descendants(pdf: Any, element: Any) -> Iterator[Any]:
    """All structure elements below one, in reading order."""
    for kid in children(pdf, element):
        yield kid
        yield from descendants(pdf, kid)


def _drop_empty(pdf: Any, element: Any) -> None:
    """Leave out elements that hold nothing; an empty cell keeps its place."""
    for kid in children(pdf, element):
        _drop_empty(pdf, kid)
        if not kid["K"] and kid["S"] not in ("/TD", "/TH"):
            element["K"].remove(kid.reference)


# What heads a cell


def _rows(pdf: Any, element: Any, in_head: bool = False) -> Iterator[tuple[bool, list[Any]]]:
    """The rows of a table with their cells, and whether they stand in its head."""
    for kid in children(pdf, element):
        if kid["S"] == "/TR":
            yield in_head, [cell for cell in children(pdf, kid) if cell["S"] in ("/TH", "/TD")]
        elif kid["S"] in ("/THead", "/TBody", "/TFoot"):
            yield from _rows(pdf, kid, kid["S"] == "/THead")


def _relate_cells(rows: list[tuple[bool, list[Any]]]) -> None:
    """Say of each header cell whether it heads a column or a row, and of each other cell which cells head it."""
    taken: set[tuple[int, int]] = set()
    over: dict[int, list[Any]] = {}
    for place, (in_head, cells) in enumerate(rows):
        beside = [cell["ID"] for cell in cells if cell["S"] == "/TH" and not in_head and "ID" in cell]
        column = 0
        for cell in cells:
            while (place, column) in taken:
                column += 1
            about = cell["A"]
            columns = range(column, column + about.get("ColSpan", 1))
            down = about.get("RowSpan", 1)
            if down > 1 or len(columns) > 1:
                taken |= {(place + row, at) for row in range(down) for at in columns}
            if cell["S"] == "/TH":
                about["Scope"] = "/Column" if in_head else "/Row"
                if in_head and "ID" in cell:
                    for at in columns:
                        over.setdefault(at, []).append(cell["ID"])
            else:
                about["Headers"] = Array([*beside, *(head for at in columns for head in over.get(at, ()))])
            column = columns.stop


def _place_figure(pdf: Any, figure: Any) -> None:
    """Where a drawing stands, in points from the lower left corner: WeasyPrint says it in pixels from the upper one."""
    page = pdf.objects[int(figure["Pg"].split()[0])]
    height = page["MediaBox"][3]
    left, upper, right, lower = (POINT * side for side in figure["A"]["BBox"])
    figure["A"]["BBox"] = Array((left, height - lower, right, height - upper))


# What is drawn and not said


def _leave_unsaid(pdf: Any, root: Any, said: set[int]) -> None:
    """Page numbers and running words are artifacts of paging (ISO 14289-1 7.8)."""
    pages, numbers = pdf.page_references, pdf.objects[int(root["ParentTree"].split()[0])]["Nums"]
    for page_number, holders in zip(numbers[::2], numbers[1::2], strict=True):
        if not isinstance(holders, list):
            continue
        unsaid = {
            mark for mark, holder in enumerate(holders) if id(pdf.objects[int(holder.split()[0])]) not in said
        }
        if unsaid:
            page = pdf.objects[int(pages[page_number].split()[0])]
            _as_artifacts(pdf.objects[int(page["Contents"].split()[0])].stream, unsaid)
            for mark in unsaid:
                pdf.objects[int(holders[mark].split()[0])].clear()
                holders[mark] = "null"


def _as_artifacts(operators: list[Any], marks: set[int]) -> None:
    for place, operator in enumerate(operators):
        if operator == _BEGINS and operators[place - 1].get("MCID") in marks:
            operators[place - 2] = "/Artifact"
            operators[place - 1] = Dictionary({"Type": "/Pagination"})


# Both claims in one file: the identifier of PDF/UA and, since it is none of the properties that PDF/A knows by itself,
# its schema (ISO 19005-1 6.7.8; ISO 14289-1 5).
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
    """Add the claim to the metadata, and name each attached file once."""
    metadata = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
    (content,) = metadata.stream
    head, end, tail = content.rpartition(_END)
    if not end:
        raise ValueError("metadata of another form than WeasyPrint 70 writes")
    metadata.stream = [head + _CLAIM.encode() + end + tail]
    if "AF" in pdf.catalog:
        # WeasyPrint lists every file twice: from the name tree and from its description.
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])


# Tagged, with all that the archive profile asks for; archive.py adds the claim of PDF/UA-1, which WeasyPrint can
# only make instead of the one of PDF/A.
VARIANT = "pdf/a-3a"
Told = Callable[[int], None]


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
    """Tells how many pages are laid out, as WeasyPrint says so to its log; 0 when it begins to write the file."""

    def __init__(self, told: Told) -> None:
        super().__init__(logging.INFO)
        self.told = told

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("Step 5 - Creating layout - Page"):
            self.told(record.args[0])
        elif record.msg.startswith("Step 6"):
            self.told(0)


def draw(job: dict[str, Any], told: Told | None = None) -> bytes:
    """The PDF of a job: `html`, `css`, the folder `fonts`, and the files `attached`. `told` hears of each page."""
    fonts, fetcher = FontConfiguration(), FontsOnly(Path(job["fonts"]))
    with _heard(told):
        sheet = CSS(string=job["css"], font_config=fonts, url_fetcher=fetcher)
        return HTML(string=job["html"], url_fetcher=fetcher, base_url=None).write_pdf(
            stylesheets=[sheet],
            font_config=fonts,
            pdf_variant=VARIANT,
            finisher=_finish,
            attachments=[_attachment(one) for one in job["attached"]],
        )


@contextmanager
def _heard(told: Told | None) -> Iterator[None]:
    """Lead WeasyPrint's log of its steps to `told` and nowhere else."""
    handlers, level = PROGRESS_LOGGER.handlers, PROGRESS_LOGGER.level
    if told:
        PROGRESS_LOGGER.handlers, PROGRESS_LOGGER.propagate = [_Pages(told)], False
        PROGRESS_LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        PROGRESS_LOGGER.handlers = handlers
        PROGRESS_LOGGER.setLevel(level)


def _finish(document: Any, pdf: Any) -> None:
    mend_tags(pdf)
    claim_accessibility(pdf)


def _attachment(told: dict[str, Any]) -> Attachment:
    moment = datetime.fromisoformat(told["moment"]) if told["moment"] else None
    return Attachment(
        string=told["content"].encode("utf-8"),
        name=told["name"],
        description=told["description"],
        created=moment,
        modified=moment,
        relationship=told["relationship"],
    )


# A job on standard input is its length in decimal digits, a newline and that many bytes of JSON. While it is
# drawn, a line "page N" on standard output for each page laid out (0: the file is being written); at last a
# status (0 is done), the length of the PDF, a newline and the PDF. WeasyPrint is loaded once; the fork keeps
# what a document takes or breaks away from the next, at a cost of milliseconds.

LARGEST_FILE = 200 * 1024 * 1024
# Without a job for so long the program ends, so that an idle service keeps no memory for it.
IDLE_SECONDS = 300
# Exit statuses of a child that had to give up; a child that was killed has the negative number of the signal.
FAILED, OUT_OF_MEMORY = 1, 3


def _in_child(job: bytes, result: BinaryIO, answers: BinaryIO, limits: tuple[int, int], place: str) -> int:
    """Draw within limits in a child of this process, into `result`; its exit status, 0 when it is done. What it puts
    away meanwhile (fonts) goes into the folder `place`: one that is killed leaves it there.
    """
    child = os.fork()
    if child == 0:
        status = FAILED
        try:
            limit_this_process(memory=limits[0], seconds=limits[1], written=LARGEST_FILE)
            tempfile.tempdir = place
            told = answers.fileno()
            result.write(draw(json.loads(job), lambda page: os.write(told, b"page %d\n" % page)))
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


def serve(jobs: BinaryIO, answers: BinaryIO, limits: tuple[int, int]) -> None:
    """Answer jobs until there are no more, or none has come for a while. limits: bytes of addresses and seconds of the
    processor that a job may take.
    """
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
    """So many bytes of an unbuffered source, or fewer where it ends."""
    parts, lacking = [], length
    while lacking and (part := source.read(min(lacking, 1 << 20))):
        parts.append(part)
        lacking -= len(part)
    return b"".join(parts)


def main() -> None:
    """Serve standard input; the last two arguments say what a job may take."""
    # Unbuffered, so that waiting for the next job sees every byte that has come.
    with open(0, "rb", buffering=0, closefd=False) as jobs, open(1, "wb", closefd=False) as answers:
        serve(jobs, answers, (int(sys.argv[-2]), int(sys.argv[-1])))
