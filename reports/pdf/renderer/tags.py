"""Mends the tags of a drawing so that a screen reader reads it once and in order (PDF/UA-1)."""

from collections.abc import Iterator
from typing import Any

from pydyf import Array, Dictionary

# WeasyPrint leaves the text of page numbers and running words marked as content that no tag holds, and empty
# elements; it says neither what a header cell heads nor, under a head of two rows, which columns. Of a table
# that runs over several pages it makes one on each, with its own head: so it stays, since a reader then hears
# the heads wherever it begins.

# A mark of WeasyPrint's in a page: the tag, its number as a dictionary, and this.
_BEGINS = b"BDC"
POINT = 0.75  # of a CSS pixel


def finish(pdf: Any) -> None:
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
