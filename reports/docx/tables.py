"""A table of the print templates as a Word table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from .markup import WordRun, cell, paragraph, table_start, twips

MARGIN = 75  # of a cell at either side, in twips
PADDING = '<w:vAlign w:val="center"/>'
POINT = 20  # twips
LONGEST_LINE = 32  # letters that a column asks for before its text is wrapped


@dataclass
class WordCell:
    """One cell where it stands in the grid; `below` counts the rows that it goes on through."""

    column: int
    runs: list[WordRun]
    style: str
    columns: int = 1
    rows: int = 1


@dataclass
class WordRow:
    cells: list[WordCell] = field(default_factory=list)
    is_head: bool = False
    is_sum: bool = False
    leads: bool = False


def table(element, inline: Callable, *, width: float, told: str, together: bool, small: bool) -> str:
    """A <table> as WordprocessingML; `inline` gives the runs of an element, `width` is in millimetres, `together`
    keeps all rows on one page.
    """
    lines = list(_lines(element, inline))
    size = 11 if small else 11.5
    sizes = _widths(lines, twips(width), size)
    if not sizes:
        return ""
    held: dict[int, WordCell] = {}
    rows = []
    for place, line in enumerate(lines):
        next_ = line.is_head or line.leads or (together and place < len(lines) - 1)
        rows.append(_row(line, held, sizes, next_))
    return table_start(sizes, margin=MARGIN, borders=True, told=told) + "".join(rows) + "</w:tbl>"


def _lines(element, inline: Callable) -> Iterator[WordRow]:
    """The rows with each cell at its column, as HTML places them: beside what spans down from above."""
    taken: dict[int, int] = {}
    for row in element.iter("tr"):
        classes = row.get("class", "").split()
        line = WordRow([], row.getparent().tag == "thead", "sum" in classes, "lead" in classes)
        column, next_taken = 0, {at: left - 1 for at, left in taken.items() if left > 1}
        for one in row:
            if one.tag not in ("td", "th"):
                continue
            while column in taken:
                column += 1
            columns, rows = int(one.get("colspan", 1)), int(one.get("rowspan", 1))
            runs = [WordRun(r.text, r.bold or line.is_sum, r.italic, r.style) for r in inline(one)]
            line.cells.append(WordCell(column, runs, _style(one, line), columns, rows))
            if rows > 1:
                next_taken |= dict.fromkeys(range(column, column + columns), rows - 1)
            column += columns
        taken = next_taken
        yield line


def _style(element, line: WordRow) -> str:
    classes = element.get("class", "").split()
    if line.is_head:
        return "DauBang"
    if element.tag == "th" or "word" in classes:
        return "OBangChu"
    return "OBangGiua" if "mid" in classes else "OBangSo"


def _row(line: WordRow, held: dict[int, WordCell], sizes: list[int], next_: bool) -> str:
    """One row; cells that go on from above stand in it again, empty, as Word wants it."""
    placed: list[tuple[WordCell, bool]] = [(one, True) for one in held.values()]
    placed += [(one, False) for one in line.cells]
    cells = []
    for one, goes_on in sorted(placed, key=lambda each: each[0].column):
        width = sum(sizes[one.column : one.column + one.columns])
        merge = '<w:vMerge w:val="restart"/>' if one.rows > 1 else ""
        keep = "<w:keepNext/>" if next_ else ""
        content = paragraph(one.style, [] if goes_on else one.runs, keep)
        merge = "<w:vMerge/>" if goes_on else merge
        cells.append(cell(width, content, properties=merge + PADDING, span=one.columns))
    for one, goes_on in placed:
        one.rows -= 1
        if one.rows > 0:
            held[one.column] = one
        elif goes_on:
            del held[one.column]
    head = "<w:tblHeader/>" if line.is_head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{head}</w:trPr>{''.join(cells)}</w:tr>"


def _widths(lines: list[WordRow], total: int, size: float) -> list[int]:
    """Each column first gets what its longest word or number needs, or a row's name on three lines where that fits;
    then a part of the rest by the length of its text.
    """
    need, name, want = _needs(lines)
    for asked in (name, need):
        least = [wide * size * POINT + 2 * MARGIN + POINT for wide in asked]
        spare = total - sum(least)
        if spare >= 0:
            break
    if spare < 0:
        sizes = [one * total / sum(least) for one in least]
    else:
        more = [max(0.0, want[at] - wide) * size * POINT for at, wide in enumerate(asked)]
        given = min(1.0, spare / sum(more)) if any(more) else 0.0
        each = (spare - given * sum(more)) / len(least) if least else 0.0
        sizes = [one + given * extra + each for one, extra in zip(least, more, strict=True)]
    ends = [round(sum(sizes[:at])) for at in range(len(sizes) + 1)]
    return [end - start for start, end in pairwise(ends)]


def _needs(lines: list[WordRow]) -> tuple[list[float], list[float], list[float]]:
    """By column, in sizes of the letters: its longest word, its longest text on three lines, and on one."""
    count = max((one.column + one.columns for line in lines for one in line.cells), default=0)
    need, name, want = [1.0] * count, [1.0] * count, [1.0] * count
    for line in lines:
        bold = line.is_head or line.is_sum
        for one in line.cells:
            if one.columns > 1:
                continue
            at, text = one.column, "".join(run.text for run in one.runs)
            words = text.split() if one.style in ("DauBang", "OBangChu") else [text[:24]]
            need[at] = max([need[at], *(_wide(word, bold) for word in words)])
            wide = min(_wide(text, bold), LONGEST_LINE * 0.5)
            name[at] = max(name[at], need[at], wide / 2.2 if one.style == "OBangChu" else 0)
            if not line.is_head:
                want[at] = max(want[at], wide)
    return need, name, want


def _wide(text: str, bold: bool) -> float:
    """About how wide a text is, in its own size: capitals and bold letters are wider."""
    wide = sum(
        0.85 if sign in "%m" else 0.72 if sign.isupper() else 0.3 if sign in " .,;:/()il" else 0.5
        for sign in text
    )
    return wide * (1.07 if bold else 1.0)
