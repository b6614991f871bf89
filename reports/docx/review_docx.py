"""The review as DOCX: the same content as its PDF, for offices that must finish it in Word."""

import zipfile
from datetime import datetime
from io import BytesIO
from typing import Any

from django.template.loader import render_to_string
from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Mm, Pt

from . import blocks, markup
from .markup import NAMESPACES, plain

# Read from the print templates, so that a sentence, a table or an appendix that the PDF gains stands here too.
# Share bars are rows of shaded cells, not pictures: python-docx draws nothing, and a picture could not be
# changed in Word (docs/decisions). The same document gives the same bytes. The only room that imports
# python-docx.

DRAFT = "Dự thảo, chưa chốt số liệu"
EPOCH = (1980, 1, 1, 0, 0, 0)


def docx_bytes(
    shown: dict[str, Any], *, moment: datetime, draft: bool, template: str = "reports/printing/review.html"
) -> bytes:
    """The DOCX of what `printed.view` gives for a document. `moment` dates it; a draft says so on each page."""
    page = blocks.parse_html(render_to_string(template, shown))
    doc, document = shown["doc"], Document()
    markup.apply(document)
    _describe(document, page, doc, moment)
    _portrait(document.sections[0], DRAFT if draft else "")
    main = next(page.iter("main"))
    _add(document, blocks.head_block(page, doc) + blocks.blocks(main) + blocks.signature_block(doc))
    appendices = page.find_class("appendix")
    if appendices:
        section = document.add_section(WD_SECTION.NEW_PAGE)
        _shrink(document)
        _landscape(section)
    for place, appendix in enumerate(appendices):
        written = blocks.blocks(appendix, width=blocks.APPENDIX_WIDTH, appendix=True)
        _add(document, (_PAGE_BREAK if place else "") + written)
    return _saved(document)


_PAGE_BREAK = (
    '<w:p><w:pPr><w:spacing w:line="20" w:lineRule="exact"/></w:pPr><w:r><w:br w:type="page"/></w:r></w:p>'
)


def _add(document: DocumentType, written: str) -> None:
    """Put paragraphs and tables before the properties of the last section."""
    body = document.element.body
    last = body.find(qn("w:sectPr"))
    for block in list(parse_xml(f"<w:body {NAMESPACES}>{written}</w:body>")):
        last.addprevious(block)


def _describe(document: DocumentType, page, doc: dict[str, Any], moment: datetime) -> None:
    """Title, author and days of the file, nothing of the library's own; the newest layout of Word."""
    properties = document.core_properties
    properties.title = plain(" ".join((page.findtext(".//title") or "").split()))[:255]
    properties.author = plain(doc["review"]["issuer_name"])[:255]
    properties.language, properties.comments, properties.keywords, properties.last_modified_by = (
        markup.LANGUAGE,
        "",
        "",
        "",
    )
    properties.created = properties.modified = moment
    properties.revision = 1
    package = document.part.package
    for key, relation in list(package.rels.items()):
        if relation.reltype.endswith("/thumbnail"):
            del package.rels[key]
    settings = document.settings.element
    mode = (
        f'<w:compat {NAMESPACES}><w:compatSetting w:name="compatibilityMode" '
        'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
    )
    for old in settings.findall(qn("w:compat")):
        settings.replace(old, parse_xml(mode))


def _portrait(section: Section, note: str) -> None:
    """A4 with the margins of the PDF; the page number in the top margin, from page 2."""
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin = section.bottom_margin = Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(17)
    section.header_distance = section.footer_distance = Mm(10)
    section.different_first_page_header_footer = True
    _add_page_number(section.header.paragraphs[0])
    section.first_page_header.is_linked_to_previous = False
    for footer in (section.footer, section.first_page_footer):
        footer.paragraphs[0].text = note


def _landscape(section: Section) -> None:
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.top_margin = section.bottom_margin = Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.different_first_page_header_footer = False


def _add_page_number(paragraph) -> None:
    """A field that Word fills with the page's number."""
    for kind in ("begin", None, "end"):
        run = paragraph.add_run()
        if kind is None:
            code = OxmlElement("w:instrText")
            code.text = "PAGE"
            run._r.append(code)
        else:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


def _shrink(document: DocumentType) -> None:
    """The paragraph that ends a section takes no room, so that a full page is not followed by an empty one."""
    last = document.paragraphs[-1]
    last.paragraph_format.line_spacing = Pt(1)
    last.paragraph_format.space_before = last.paragraph_format.space_after = Pt(0)


def _saved(document: DocumentType) -> bytes:
    """The file with its parts in order and no trace of the hour at which it was written."""
    written, steady = BytesIO(), BytesIO()
    document.save(written)
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(steady, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda part: (part != "[Content_Types].xml", part)):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(entry, source.read(name))
    return steady.getvalue()
