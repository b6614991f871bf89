"""Rows of tables and options as markup, by format_html: it escapes like a template at a fraction of its cost (P7).

A row is one call: its pattern is put together from those of its cells, and everything else is an argument, escaped.
"""

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_PLAIN = '<td class="num" data-l="{}">{}</td>'
_NOTED = '<td class="num" data-l="{}">{} <span class="note">{}</span></td>'
_CHIP = '<td data-l="{}"><span class="chip chip--{}">{}</span></td>'
_BAR = (
    '<td data-l="{}"><div class="cellbar"><span class="num">{}</span><svg aria-hidden="true">'
    '<rect class="track" width="100%" height="12"/><rect class="k-online" width="{}" height="12"/>{}</svg>{}</div></td>'
)
_MEAN = '<line class="mean" x1="{}" x2="{}" y1="-3" y2="15"/>'
_NOTE = '<span class="note">{}</span>'
_LINK = '<a href="{}">{}</a>'
_OPTION = '<option value="{}">{}</option>'
_CHOSEN = '<option value="{}" selected>{}</option>'


def rows(lines: Iterable) -> SafeString:
    """Prepared lines (reports.outlets.tables.Line) as table rows."""
    return format_html_join("", "{}", ((_row(line),) for line in lines))


def plain_rows(lines: Iterable[Sequence[str]], words: Sequence[int] = ()) -> SafeString:
    """Rows of texts: the first is the head of its row, those at the places `words` are words, the rest numbers."""
    every = [tuple(line) for line in lines]
    width = len(every[0]) if every else 1
    kinds = ["<td>{}</td>" if at in words else '<td class="num">{}</td>' for at in range(1, width)]
    return format_html_join("", f'<tr><th scope="row">{{}}</th>{"".join(kinds)}</tr>\n', every)


def options(groups: Iterable[tuple[str, Sequence[tuple[str, str]]]], chosen: str) -> SafeString:
    """Groups of (value, words) for a select; the groups have names."""
    drawn = (
        (
            name,
            format_html("".join(_CHOSEN if value == chosen else _OPTION for value, _ in ones), *_flat(ones)),
        )
        for name, ones in groups
        if ones
    )
    return format_html_join("", '<optgroup label="{}">{}</optgroup>', drawn)


def _flat(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [text for pair in pairs for text in pair]


def _row(line) -> SafeString:
    pattern, texts = (_LINK, [line.href, line.name]) if line.href else ("{}", [line.name])
    if line.note:
        pattern += " " + _NOTE
        texts.append(line.note)
    cells = []
    for cell in line.cells:
        drawn, of_cell = _cell(cell)
        cells.append(drawn)
        texts += of_cell
    return format_html(f'<tr><th scope="row">{pattern}</th>{"".join(cells)}</tr>\n', *texts)


def _cell(cell) -> tuple[str, tuple[str, ...]]:
    """The pattern of a cell and what it holds."""
    label, text, width, mean, chip, note = cell
    if width:
        marks = _MEAN if mean else ""
        told = _NOTE if note else ""
        held = (label, text, width, *((mean, mean) if mean else ()), *((note,) if note else ()))
        return _BAR.format("{}", "{}", "{}", marks, told), held
    if chip:
        return _CHIP, (label, chip, text)
    return (_NOTED, (label, text, note)) if note else (_PLAIN, (label, text))
