"""WordprocessingML as text, all escaped here, and the named styles with the sizes of decree 30/2020/NĐ-CP."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

# Sizes and gaps are those of decree 30/2020/NĐ-CP and of templates/reports/printing/review.css.

FACE = "Times New Roman"
LANGUAGE = "vi-VN"
LINE = 1.15  # of the face's own height, which is 1,15 of its size: 1,32 as in the PDF
FIGURE = "SoLieu"


@dataclass(frozen=True)
class Look:
    """One paragraph style: `name` as Word shows it (its own are shown in the reader's language), sizes in points,
    `indent` of the first line in millimetres.
    """

    key: str
    name: str
    base: str = "Normal"
    size: float = 14
    bold: bool = False
    italic: bool = False
    align: ALIGN = ALIGN.LEFT
    before: float = 0
    after: float = 0
    indent: float = 0
    line: float = LINE
    with_next: bool = False
    outline: int | None = None


LOOKS = (
    Look("BodyText", "Body Text", align=ALIGN.JUSTIFY, before=6, indent=12.7),
    Look("Heading1", "Heading 1", bold=True, before=8, indent=12.7, with_next=True),
    Look("Heading2", "Heading 2", bold=True, before=8, indent=12.7, with_next=True),
    Look("Heading3", "Heading 3", bold=True, italic=True, before=8, indent=12.7, with_next=True),
    Look("Title", "Title", bold=True, align=ALIGN.CENTER, before=20, with_next=True),
    Look("Subtitle", "Subtitle", bold=True, align=ALIGN.CENTER, with_next=True),
    Look("Caption", "Caption", size=12, bold=True, align=ALIGN.CENTER, before=8, after=3, with_next=True),
    Look("Header", "Header", size=13, align=ALIGN.CENTER),
    Look("Footer", "Footer", size=10, italic=True, align=ALIGN.RIGHT),
    Look("CoQuanCapTren", "Cơ quan cấp trên", size=12.5, align=ALIGN.CENTER),
    Look("CoQuanBanHanh", "Cơ quan ban hành", size=12.5, bold=True, align=ALIGN.CENTER, line=1.08),
    Look("QuocHieu", "Quốc hiệu", size=12.5, bold=True, align=ALIGN.CENTER, line=1.08),
    Look("TieuNgu", "Tiêu ngữ", size=13.5, bold=True, align=ALIGN.CENTER, line=1.08),
    Look("SoKyHieu", "Số, ký hiệu", size=13, align=ALIGN.CENTER, before=7),
    Look("DiaDanhNgay", "Địa danh, ngày tháng", size=13.5, italic=True, align=ALIGN.CENTER, before=7),
    Look("GhiChuDau", "Ghi chú đầu trang", size=11, italic=True, align=ALIGN.CENTER, before=6),
    Look("ChuTrongHinh", "Chữ trong hình", size=12, before=5, after=2, line=1.05, with_next=True),
    Look("DauBang", "Đầu bảng", size=11.5, bold=True, align=ALIGN.CENTER, line=1.04, with_next=True),
    Look("OBangChu", "Ô bảng, chữ", size=11.5, line=1.04),
    Look("OBangSo", "Ô bảng, số", size=11.5, align=ALIGN.RIGHT, line=1.04),
    Look("OBangGiua", "Ô bảng, giữa", size=11.5, align=ALIGN.CENTER, line=1.04),
    Look("GhiChuBang", "Ghi chú bảng", size=10.5, align=ALIGN.JUSTIFY, before=3, line=1.08),
    Look("NoiNhanDau", "Nơi nhận, đầu mục", size=12, bold=True, italic=True),
    Look("NoiNhan", "Nơi nhận", size=11, line=1.08),
    Look("ThamQuyenKy", "Thẩm quyền ký", bold=True, align=ALIGN.CENTER, line=1.12),
    Look("HoTenKy", "Họ tên người ký", bold=True, align=ALIGN.CENTER, before=74),
    Look("TenPhuLuc", "Tên phụ lục", size=13.5, bold=True, align=ALIGN.CENTER, with_next=True, outline=0),
    Look("TenBieu", "Tên biểu", size=12, bold=True, align=ALIGN.CENTER, with_next=True, outline=0),
    Look("DuoiPhuLuc", "Dưới tên phụ lục", size=12, italic=True, align=ALIGN.CENTER, before=2, after=5),
    Look("DonViTinh", "Đơn vị tính", size=11.5, italic=True, align=ALIGN.RIGHT, with_next=True),
    Look("DauBieu", "Đầu biểu", size=11.5, align=ALIGN.LEFT, with_next=True),
)


def apply(document: Document) -> None:
    """Give a document these styles, its face and its language, in place of those of the library's template."""
    _defaults(document)
    for look in LOOKS:
        _paragraph_style(document, look)
    style = document.styles.add_style("Số liệu", WD_STYLE_TYPE.CHARACTER)
    style.element.set(qn("w:styleId"), FIGURE)


def _defaults(document: Document) -> None:
    styles = document.styles.element
    defaults = styles.find(qn("w:docDefaults"))
    if defaults is not None:
        styles.remove(defaults)
    normal = document.styles["Normal"]
    _face(normal)
    normal.font.size = Pt(14)
    language = OxmlElement("w:lang")
    for name in ("w:val", "w:eastAsia", "w:bidi"):
        language.set(qn(name), LANGUAGE)
    normal.element.get_or_add_rPr().append(language)
    layout = normal.paragraph_format
    layout.space_before = layout.space_after = Pt(0)
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.MULTIPLE, LINE
    layout.widow_control = True


def _paragraph_style(document: Document, look: Look) -> None:
    names = {style.name for style in document.styles}
    if look.name in names:
        style = document.styles[look.name]
        for part in (style.element.rPr, style.element.pPr):
            if part is not None:
                style.element.remove(part)
    else:
        style = document.styles.add_style(look.name, WD_STYLE_TYPE.PARAGRAPH)
    style.element.set(qn("w:styleId"), look.key)
    style.base_style = document.styles[look.base]
    style.quick_style, style.hidden = True, False
    _face(style)
    font, layout = style.font, style.paragraph_format
    font.size, font.bold, font.italic = Pt(look.size), look.bold, look.italic
    font.color.rgb = RGBColor(0, 0, 0)
    layout.alignment, layout.keep_with_next = look.align, look.with_next
    layout.space_before, layout.space_after = Pt(look.before), Pt(look.after)
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.MULTIPLE, look.line
    if look.indent:
        layout.first_line_indent = Mm(look.indent)
    level = int(look.key[-1]) - 1 if look.key.startswith("Heading") else look.outline
    if level is not None:
        _outline(style, level)


def _face(style) -> None:
    """Name the face for all scripts and take away the theme's, which would win."""
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.attrib.clear()
    for name in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(name), FACE)


def _outline(style, level: int) -> None:
    """The place in the document's outline, by which Word lists it beside the text and in a table of contents."""
    layout = style.element.get_or_add_pPr()
    for old in layout.findall(qn("w:outlineLvl")):
        layout.remove(old)
    mark = OxmlElement("w:outlineLvl")
    mark.set(qn("w:val"), str(level))
    layout.append(mark)


# Characters that XML forbids.
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
    """Text without characters that XML forbids."""
    return _FORBIDDEN.sub("", text)


def twips(millimetres: float) -> int:
    return round(millimetres * TWIPS)


def attribute(text: str) -> str:
    return quoteattr(plain(text))


def run(word_run: WordRun) -> str:
    look = f'<w:rStyle w:val="{word_run.style}"/>' if word_run.style else ""
    look += "<w:b/>" if word_run.bold else ""
    look += "<w:i/>" if word_run.italic else ""
    content = (
        "<w:br/>"
        if word_run.text == "\n"
        else f'<w:t xml:space="preserve">{escape(plain(word_run.text))}</w:t>'
    )
    return f"<w:r>{f'<w:rPr>{look}</w:rPr>' if look else ''}{content}</w:r>"


def paragraph(style: str, runs: Iterable[WordRun] | str, layout: str = "") -> str:
    """A paragraph of a style (styles.LOOKS); `layout` is more of its properties as XML, in the schema's order."""
    word_runs = [WordRun(runs)] if isinstance(runs, str) else runs
    text = "".join(run(word_run) for word_run in word_runs if word_run.text)
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


def table_start(sizes: list[int], *, margin: int, borders: bool = False, description: str = "") -> str:
    """The beginning of a table: columns and the cells' side margin in twips, and a text alternative."""
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
        f"{f'<w:tblDescription w:val={attribute(description)}/>' if description else ''}</w:tblPr>"
        f"<w:tblGrid>{columns}</w:tblGrid>"
    )
