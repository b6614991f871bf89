"""WordprocessingML as text: paragraphs, runs and cells, all escaped here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from docx.oxml.ns import nsdecls

# What XML cannot hold at all.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TWIPS = 1440 / 25.4  # a millimetre
NAMESPACES = nsdecls("w")


@dataclass(frozen=True)
class WordRun:
    """Text of one look; a line break where the text is a newline."""

    text: str
    bold: bool = False
    italic: bool = False
    style: str = ""


def plain(text: str) -> str:
    """Text without what no XML may hold."""
    return _FORBIDDEN.sub("", text)


def twips(millimetres: float) -> int:
    return round(millimetres * TWIPS)


def attribute(text: str) -> str:
    return quoteattr(plain(text))


def run(one: WordRun) -> str:
    look = f'<w:rStyle w:val="{one.style}"/>' if one.style else ""
    look += "<w:b/>" if one.bold else ""
    look += "<w:i/>" if one.italic else ""
    held = "<w:br/>" if one.text == "\n" else f'<w:t xml:space="preserve">{escape(plain(one.text))}</w:t>'
    return f"<w:r>{f'<w:rPr>{look}</w:rPr>' if look else ''}{held}</w:r>"


def paragraph(style: str, runs: Iterable[WordRun] | str, layout: str = "") -> str:
    """A paragraph of a style (styles.LOOKS); `layout` is more of its properties as XML, in the schema's order."""
    held = [WordRun(runs)] if isinstance(runs, str) else runs
    text = "".join(run(one) for one in held if one.text)
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{layout}</w:pPr>{text}</w:p>'


def rule(left: float, right: float) -> str:
    """A line between two indents in millimetres, as stands under the issuer and the title."""
    border = '<w:pBdr><w:top w:val="single" w:sz="6" w:space="1" w:color="000000"/></w:pBdr>'
    gap = '<w:spacing w:before="40" w:after="0" w:line="60" w:lineRule="exact"/>'
    indent = f'<w:ind w:left="{twips(left)}" w:right="{twips(right)}"/>'
    small = '<w:rPr><w:sz w:val="2"/></w:rPr>'
    return f"<w:p><w:pPr>{border}{gap}{indent}{small}</w:pPr></w:p>"


def cell(width: int, content: str, *, properties: str = "", span: int = 1) -> str:
    """A cell of a width in twips; it holds paragraphs."""
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    size = f'<w:tcW w:w="{width}" w:type="dxa"/>'
    return f"<w:tc><w:tcPr>{size}{spanned}{properties}</w:tcPr>{content}</w:tc>"


def frame(widths: Iterable[float], contents: Iterable[str]) -> str:
    """Blocks side by side without borders, in columns of so many millimetres; never split over two pages."""
    sizes = [twips(width) for width in widths]
    cells = "".join(cell(size, content) for size, content in zip(sizes, contents, strict=True))
    return f"{table_start(sizes, margin=0)}<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr></w:tbl>"


def table_start(sizes: list[int], *, margin: int, borders: bool = False, told: str = "") -> str:
    """The beginning of a table: columns and the cells' side margin in twips, and words for who cannot see it."""
    line = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    upright = margin // 3
    sides = "".join(
        f'<w:{side} w:w="{wide}" w:type="dxa"/>'
        for side, wide in (("top", upright), ("left", margin), ("bottom", upright), ("right", margin))
    )
    columns = "".join(f'<w:gridCol w:w="{size}"/>' for size in sizes)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(sizes)}" w:type="dxa"/>'
        f"{f'<w:tblBorders>{line}</w:tblBorders>' if borders else ''}"
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar>{sides}</w:tblCellMar>'
        f"{f'<w:tblDescription w:val={attribute(told)}/>' if told else ''}</w:tblPr>"
        f"<w:tblGrid>{columns}</w:tblGrid>"
    )
