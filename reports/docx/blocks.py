"""Converts the HTML of the print templates to WordprocessingML."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import html

from .markup import WordRun, cell, frame, paragraph, plain, rule, table_start, twips
from .styles import FIGURE
from .tables import table

# Only the two blocks that Word lays out in its own way, the head and the signature, are made from the document
# itself.

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
    for one in _pieces(element, bold, italic):
        if one.text == "\n":
            runs.append(one)
            continue
        text = _SPACES.sub(" ", one.text)
        if not runs or runs[-1].text.endswith((" ", "\n")):
            text = text.lstrip(" ")
        if text:
            runs.append(WordRun(text, one.bold, one.italic, one.style))
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
    parts += [_boxed(one) for one in page.find_class("demo")]
    for title in page.find_class("title"):
        parts += [paragraph("Title", inline(one)) for one in title.iter("h1")]
        parts += [paragraph("Subtitle", inline(one)) for one in title.iter("p")]
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
    for one in element:
        if not isinstance(one.tag, str):
            continue
        classes = one.get("class", "").split()
        if one.tag in HEADINGS:
            parts.append(paragraph("TenPhuLuc" if appendix else HEADINGS[one.tag], inline(one)))
        elif one.tag in ("p", "li", "figcaption"):
            style = next((CLASSES[name] for name in classes if name in CLASSES), "")
            style = style or ("ChuTrongHinh" if "bar" in _parent(one) else "BodyText")
            parts.append(paragraph(style, inline(one), "<w:keepNext/>" if _is_last(one) else ""))
        elif one.tag == "table":
            parts.append(_table(one, width, together, appendix))
        elif one.tag == "svg":
            parts.append(_bar(one, width))
        elif "form-head" in classes:
            parts.append(_form_head(one))
        elif one.tag != "header" and "sign" not in classes:
            keep = together or "keep" in classes or one.tag == "figure"
            parts.append(blocks(one, width=width, appendix=appendix, together=keep))
    return "".join(parts)


def _is_last(element) -> bool:
    """Whether a paragraph ends the text: it goes with the signature onto the next page."""
    return "text" in _parent(element) and element.getnext() is None


def _parent(element) -> list[str]:
    return element.getparent().get("class", "").split()


def _table(element, width: float, together: bool, appendix: bool) -> str:
    caption = element.find("caption")
    named = "" if caption is None else paragraph("Caption", inline(caption))
    told = "Bảng số liệu" if caption is None else " ".join(caption.text_content().split())
    drawn = table(element, inline, width=width, told=told, together=together, small=appendix)
    # Two tables that follow each other would become one.
    return f'{named}{drawn}<w:p><w:pPr><w:spacing w:line="60" w:lineRule="exact"/></w:pPr></w:p>'


def _bar(element, width: float) -> str:
    """A drawing of parts of a whole as a row of shaded cells: sharp at any size, and open to change in Word."""
    label = " ".join((element.findtext("title") or "").split())
    shapes = [one for one in element if one.tag in ("rect", "text")]
    parts: list[tuple[int, str, str]] = []
    for one in shapes:
        if one.tag == "rect":
            fill = one.get("fill", "")
            kind = "postal" if fill.startswith("url") else "online" if fill == "#3a3a3a" else "direct"
            parts.append((int(float(one.get("width"))), kind, ""))
        elif parts:
            parts[-1] = (*parts[-1][:2], one.text or "")
    if not parts or any(one.get("y") != shapes[0].get("y") for one in shapes if one.tag == "rect"):
        return paragraph("ChuTrongHinh", label)
    whole = sum(size for size, _, _ in parts)
    sizes = [max(60, twips(width) * size // whole) for size, _, _ in parts]
    cells = "".join(_segment(size, kind, text) for size, (_, kind, text) in zip(sizes, parts, strict=True))
    row = f'<w:trPr><w:cantSplit/><w:trHeight w:val="{BAR_HEIGHT}" w:hRule="exact"/></w:trPr>{cells}'
    return f"{table_start(sizes, margin=0, borders=True, told=label)}<w:tr>{row}</w:tr></w:tbl>"


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
    for place, one in enumerate(element):
        title = one.find("h2")
        parts = [] if title is None else [paragraph("TenBieu", inline(title))]
        if title is not None:
            tail, title.tail = title.tail, None
            one.remove(title)
            one.text = (one.text or "") + (tail or "")
        style = "DuoiPhuLuc" if place == 1 else "DauBieu"
        contents.append("".join([*parts, paragraph(style, inline(one))]))
    return frame(widths, contents)
