"""Converts the HTML of the print templates, tables among it, to WordprocessingML."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from lxml import html

from .markup import FIGURE, WordRun, cell, frame, paragraph, plain, rule, table_start, twips

MARGIN = 75  # of a cell at either side, in twips
PADDING = '<w:vAlign w:val="center"/>'
POINT = 20  # twips
LONGEST_LINE = 32  # letters of a column before its text wraps


@dataclass
class WordCell:
    """One cell where it stands in the grid; `rows` counts the rows that it spans."""

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


def table(element, inline: Callable, *, width: float, description: str, together: bool, small: bool) -> str:
    """A <table> as WordprocessingML; `inline` gives the runs of an element, `width` is in millimetres, `together`
    keeps all rows on one page.
    """
    lines = list(_lines(element, inline))
    size = 11 if small else 11.5
    sizes = _widths(lines, twips(width), size)
    if not sizes:
        return ""
    spanning: dict[int, WordCell] = {}
    rows = []
    for place, line in enumerate(lines):
        next_ = line.is_head or line.leads or (together and place < len(lines) - 1)
        rows.append(_row(line, spanning, sizes, next_))
    return (
        table_start(sizes, margin=MARGIN, borders=True, description=description) + "".join(rows) + "</w:tbl>"
    )


def _lines(element, inline: Callable) -> Iterator[WordRow]:
    """The rows with each cell at its column, as HTML places them: beside what spans down from above."""
    occupied: dict[int, int] = {}
    for row in element.iter("tr"):
        classes = row.get("class", "").split()
        line = WordRow([], row.getparent().tag == "thead", "sum" in classes, "lead" in classes)
        column, next_occupied = 0, {at: left - 1 for at, left in occupied.items() if left > 1}
        for td in row:
            if td.tag not in ("td", "th"):
                continue
            while column in occupied:
                column += 1
            columns, rows = int(td.get("colspan", 1)), int(td.get("rowspan", 1))
            runs = [WordRun(r.text, r.bold or line.is_sum, r.italic, r.style) for r in inline(td)]
            line.cells.append(WordCell(column, runs, _style(td, line), columns, rows))
            if rows > 1:
                next_occupied |= dict.fromkeys(range(column, column + columns), rows - 1)
            column += columns
        occupied = next_occupied
        yield line


def _style(element, line: WordRow) -> str:
    classes = element.get("class", "").split()
    if line.is_head:
        return "DauBang"
    if element.tag == "th" or "word" in classes:
        return "OBangChu"
    return "OBangGiua" if "mid" in classes else "OBangSo"


def _row(line: WordRow, spanning: dict[int, WordCell], sizes: list[int], next_: bool) -> str:
    """A row; Word wants cells that span from above repeated in it, empty."""
    placed: list[tuple[WordCell, bool]] = [(entry, True) for entry in spanning.values()]
    placed += [(entry, False) for entry in line.cells]
    cells = []
    for entry, continued in sorted(placed, key=lambda each: each[0].column):
        width = sum(sizes[entry.column : entry.column + entry.columns])
        merge = '<w:vMerge w:val="restart"/>' if entry.rows > 1 else ""
        keep = "<w:keepNext/>" if next_ else ""
        content = paragraph(entry.style, [] if continued else entry.runs, keep)
        merge = "<w:vMerge/>" if continued else merge
        cells.append(cell(width, content, properties=merge + PADDING, span=entry.columns))
    for entry, continued in placed:
        entry.rows -= 1
        if entry.rows > 0:
            spanning[entry.column] = entry
        elif continued:
            del spanning[entry.column]
    head = "<w:tblHeader/>" if line.is_head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{head}</w:trPr>{''.join(cells)}</w:tr>"


def _widths(lines: list[WordRow], total: int, size: float) -> list[int]:
    """Each column first gets what its longest word or number needs, or a row's name on three lines where that fits;
    then a part of the rest by the length of its text.
    """
    need, name, want = _needs(lines)
    for widths in (name, need):
        least = [wide * size * POINT + 2 * MARGIN + POINT for wide in widths]
        spare = total - sum(least)
        if spare >= 0:
            break
    if spare < 0:
        sizes = [minimum * total / sum(least) for minimum in least]
    else:
        more = [max(0.0, want[at] - wide) * size * POINT for at, wide in enumerate(widths)]
        factor = min(1.0, spare / sum(more)) if any(more) else 0.0
        each = (spare - factor * sum(more)) / len(least) if least else 0.0
        sizes = [minimum + factor * extra + each for minimum, extra in zip(least, more, strict=True)]
    ends = [round(sum(sizes[:at])) for at in range(len(sizes) + 1)]
    return [end - start for start, end in pairwise(ends)]


def _needs(lines: list[WordRow]) -> tuple[list[float], list[float], list[float]]:
    """By column, in sizes of the letters: its longest word, its longest text on three lines, and on one."""
    count = max((entry.column + entry.columns for line in lines for entry in line.cells), default=0)
    need, name, want = [1.0] * count, [1.0] * count, [1.0] * count
    for line in lines:
        bold = line.is_head or line.is_sum
        for entry in line.cells:
            if entry.columns > 1:
                continue
            at, text = entry.column, "".join(run.text for run in entry.runs)
            words = text.split() if entry.style in ("DauBang", "OBangChu") else [text[:24]]
            need[at] = max([need[at], *(_wide(word, bold) for word in words)])
            wide = min(_wide(text, bold), LONGEST_LINE * 0.5)
            name[at] = max(name[at], need[at], wide / 2.2 if entry.style == "OBangChu" else 0)
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


# Only the head and the signature, which Word lays out in its own way, are made from the document itself.

TEXT_WIDTH, APPENDIX_WIDTH = 163, 252  # millimetres between the margins
ISSUER, STATE = 66, 97  # millimetres of the head's two columns
BAR_HEIGHT = 420  # twips
HEADINGS = {"h2": "Heading1", "h3": "Heading2", "h4": "Heading3"}
CLASSES = {
    "def": "GhiChuBang", "caption": "Caption", "sub": "DuoiPhuLuc", "unit": "DonViTinh", "demo": "GhiChuDau",
}  # fmt: skip
GAP, SHORT_GAP = "\u00a0" * 14, "\u00a0" * 8
_SPACES = re.compile("[ \t\n\r\f]+")
_PAINTS = {"direct": ("clear", "dfdfdf"), "online": ("clear", "3a3a3a"), "postal": ("diagStripe", "ffffff")}


def parse_html(text: str):
    """The HTML of a print template as elements."""
    return html.document_fromstring(plain(text).encode("utf-8"), parser=html.HTMLParser(encoding="utf-8"))


def inline(element, bold: bool = False, italic: bool = False) -> list[WordRun]:
    """The runs of an element, with spaces as a browser counts them."""
    runs: list[WordRun] = []
    for piece in _pieces(element, bold, italic):
        if piece.text == "\n":
            runs.append(piece)
            continue
        text = _SPACES.sub(" ", piece.text)
        if not runs or runs[-1].text.endswith((" ", "\n")):
            text = text.lstrip(" ")
        if text:
            runs.append(WordRun(text, piece.bold, piece.italic, piece.style))
    if runs and runs[-1].text.endswith(" "):
        last = runs.pop()
        runs.append(WordRun(last.text.rstrip(" "), last.bold, last.italic, last.style))
    return runs


def _pieces(element, bold: bool, italic: bool, style: str = "") -> Iterator[WordRun]:
    classes = element.get("class", "").split()
    if element.tag == "br":
        yield WordRun("\n")
    elif "gap" in classes:
        yield WordRun(SHORT_GAP if "short" in classes else GAP)
    elif element.tag != "svg" and isinstance(element.tag, str):
        bold, italic = bold or element.tag in ("b", "strong"), italic or element.tag in ("em", "i")
        style = FIGURE if "figure" in classes or element.get("data-figure") else style
        if element.text:
            yield WordRun(_unbroken(element.text) if "nb" in classes else element.text, bold, italic, style)
        for child in element:
            yield from _pieces(child, bold, italic, style)
            if child.tail:
                yield WordRun(child.tail, bold, italic, style)


def _unbroken(text: str) -> str:
    """Words that stay on one line: Word knows no other way than spaces that do not break."""
    return text.replace(" ", "\u00a0")


def head_block(page, doc: dict[str, Any]) -> str:
    """Issuer and state side by side, the note of the demo, and kind and subject of the document."""
    header = doc["header"]
    left = [paragraph("CoQuanCapTren", line) for line in header["superior"]]
    left += [paragraph("CoQuanBanHanh", line) for line in header["issuer"]]
    left += [rule((ISSUER - 24) / 2, (ISSUER - 24) / 2)]
    left += [paragraph("SoKyHieu", f"Số:{GAP}{header['number_form']}")]
    when = f"{header['place']}, ngày{SHORT_GAP}tháng{SHORT_GAP}năm {header['year']}"
    right = [paragraph("QuocHieu", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")]
    right += [paragraph("TieuNgu", "Độc lập - Tự do - Hạnh phúc"), rule(18, 18)]
    right += [paragraph("DiaDanhNgay", when)]
    parts = [frame((ISSUER, STATE), ("".join(left), "".join(right)))]
    parts += [_boxed(note) for note in page.find_class("demo")]
    for title in page.find_class("title"):
        parts += [paragraph("Title", inline(line)) for line in title.iter("h1")]
        parts += [paragraph("Subtitle", inline(line)) for line in title.iter("p")]
        parts.append(rule((TEXT_WIDTH - 48) / 2, (TEXT_WIDTH - 48) / 2))
    return "".join(parts)


def _boxed(element) -> str:
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="2" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right")
    )
    return paragraph("GhiChuDau", inline(element), f"<w:pBdr>{sides}</w:pBdr>")


def signature_block(doc: dict[str, Any]) -> str:
    """Who gets the document, and who signs it: one block that stays on one page."""
    to = [paragraph("NoiNhanDau", "Nơi nhận:"), *(paragraph("NoiNhan", line) for line in doc["recipients"])]
    lines = [paragraph("ThamQuyenKy", line) for line in doc["signer"]["lines"]]
    by = [*lines, paragraph("HoTenKy", doc["signer"]["name"] or "")]
    gap = paragraph("NoiNhan", [], "<w:keepNext/>")
    return gap + frame((83, 80), ("".join(to), "".join(by)))


def blocks(element, *, width: float = TEXT_WIDTH, appendix: bool = False, together: bool = False) -> str:
    """Everything in an element as paragraphs and tables, in its order."""
    parts = []
    for child in element:
        if not isinstance(child.tag, str):
            continue
        classes = child.get("class", "").split()
        if child.tag in HEADINGS:
            parts.append(paragraph("TenPhuLuc" if appendix else HEADINGS[child.tag], inline(child)))
        elif child.tag in ("p", "li", "figcaption"):
            style = next((CLASSES[name] for name in classes if name in CLASSES), "")
            style = style or ("ChuTrongHinh" if "bar" in _parent(child) else "BodyText")
            parts.append(paragraph(style, inline(child), "<w:keepNext/>" if _is_last(child) else ""))
        elif child.tag == "table":
            parts.append(_table(child, width, together, appendix))
        elif child.tag == "svg":
            parts.append(_bar(child, width))
        elif "form-head" in classes:
            parts.append(_form_head(child))
        elif child.tag != "header" and "sign" not in classes:
            keep = together or "keep" in classes or child.tag == "figure"
            parts.append(blocks(child, width=width, appendix=appendix, together=keep))
    return "".join(parts)


def _is_last(element) -> bool:
    """Whether a paragraph ends the text: it goes with the signature onto the next page."""
    return "text" in _parent(element) and element.getnext() is None


def _parent(element) -> list[str]:
    return element.getparent().get("class", "").split()


def _table(element, width: float, together: bool, appendix: bool) -> str:
    caption = element.find("caption")
    named = "" if caption is None else paragraph("Caption", inline(caption))
    description = "Bảng số liệu" if caption is None else " ".join(caption.text_content().split())
    drawn = table(element, inline, width=width, description=description, together=together, small=appendix)
    # Two tables that follow each other would become one.
    return f'{named}{drawn}<w:p><w:pPr><w:spacing w:line="60" w:lineRule="exact"/></w:pPr></w:p>'


def _bar(element, width: float) -> str:
    """A drawing of parts of a whole as a row of shaded cells: sharp at any size, and open to change in Word."""
    label = " ".join((element.findtext("title") or "").split())
    shapes = [child for child in element if child.tag in ("rect", "text")]
    parts: list[tuple[int, str, str]] = []
    for shape in shapes:
        if shape.tag == "rect":
            fill = shape.get("fill", "")
            kind = "postal" if fill.startswith("url") else "online" if fill == "#3a3a3a" else "direct"
            parts.append((int(float(shape.get("width"))), kind, ""))
        elif parts:
            parts[-1] = (*parts[-1][:2], shape.text or "")
    if not parts or any(shape.get("y") != shapes[0].get("y") for shape in shapes if shape.tag == "rect"):
        return paragraph("ChuTrongHinh", label)
    whole = sum(size for size, _, _ in parts)
    sizes = [max(60, twips(width) * size // whole) for size, _, _ in parts]
    cells = "".join(_segment(size, kind, text) for size, (_, kind, text) in zip(sizes, parts, strict=True))
    row = f'<w:trPr><w:cantSplit/><w:trHeight w:val="{BAR_HEIGHT}" w:hRule="exact"/></w:trPr>{cells}'
    return f"{table_start(sizes, margin=0, borders=True, description=label)}<w:tr>{row}</w:tr></w:tbl>"


def _segment(size: int, kind: str, text: str) -> str:
    pattern, fill = _PAINTS[kind]
    shade = f'<w:shd w:val="{pattern}" w:color="000000" w:fill="{fill}"/><w:vAlign w:val="center"/>'
    light = '<w:rPr><w:b/><w:color w:val="FFFFFF"/></w:rPr>' if kind == "online" else "<w:rPr><w:b/></w:rPr>"
    shown = paragraph("OBangGiua", [WordRun(text)]).replace("<w:r>", f"<w:r>{light}")
    return cell(size, shown, properties=shade)


def _form_head(element) -> str:
    """The three columns over form II.06a."""
    widths = (50, 130, 72)
    contents = []
    for place, child in enumerate(element):
        title = child.find("h2")
        parts = [] if title is None else [paragraph("TenBieu", inline(title))]
        if title is not None:
            tail, title.tail = title.tail, None
            child.remove(title)
            child.text = (child.text or "") + (tail or "")
        style = "DuoiPhuLuc" if place == 1 else "DauBieu"
        contents.append("".join([*parts, paragraph(style, inline(child))]))
    return frame(widths, contents)
