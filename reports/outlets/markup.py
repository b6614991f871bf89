"""Rows of tables and options as markup: every text is escaped as in a template, at a fraction of its cost (P3, P7)."""

from collections.abc import Iterable, Sequence
from html import escape

from django.utils.safestring import SafeString

# Texts go through the standard library's `escape`, which Django's own only wraps; what is markup already stays
# as it is.


def rows(lines: Iterable) -> SafeString:
    """Prepared lines (reports.outlets.tables.Line) as table rows."""
    return SafeString("".join(map(_row, lines)))


def heads(columns: Iterable) -> SafeString:
    """The heads of a table (reports.outlets.tables.Head), each with the link that orders by it."""
    return SafeString("".join(map(_head, columns)))


def plain_rows(lines: Iterable[Sequence[str]], words: Sequence[int] = ()) -> SafeString:
    """Rows of texts: the first is the head of its row, those at the places `words` are words, the rest numbers."""
    drawn = []
    for first, *others in lines:
        cells = "".join(
            f"<td>{_text(text)}</td>" if at in words else f'<td class="num">{_text(text)}</td>'
            for at, text in enumerate(others, 1)
        )
        drawn.append(f'<tr><th scope="row">{_text(first)}</th>{cells}</tr>\n')
    return SafeString("".join(drawn))


def options(groups: Iterable[tuple[str, Sequence[tuple[str, str]]]], chosen: str) -> SafeString:
    """Groups of (value, words) for a select; the groups have names."""
    drawn = []
    for name, ones in groups:
        if ones:
            within = "".join(
                f'<option value="{_text(value)}"{" selected" if value == chosen else ""}>'
                f"{_text(words)}</option>"
                for value, words in ones
            )
            drawn.append(f'<optgroup label="{_text(name)}">{within}</optgroup>')
    return SafeString("".join(drawn))


def _text(text: str) -> str:
    return text if isinstance(text, SafeString) else escape(text)


def _head(head) -> str:
    numeric = ' class="num"' if head.numeric else ""
    order = f' aria-sort="{_text(head.order)}"' if head.order else ""
    return f'<th scope="col"{numeric}{order}><a href="{_text(head.href)}">{_text(head.label)}</a></th>'


def _row(line) -> str:
    name = _text(line.name)
    if line.href:
        name = f'<a href="{_text(line.href)}">{name}</a>'
    return f'<tr><th scope="row">{name}{_note(line.note)}</th>{"".join(map(_cell, line.cells))}</tr>\n'


def _cell(cell) -> str:
    # Most parts of most cells are empty: only what is there is escaped.
    label, text, width, mean, chip, note = cell
    label, text, note = _text(label), _text(text), _note(note)
    if width:
        width, mean = _text(width), _text(mean)
        mark = f'<line class="mean" x1="{mean}" x2="{mean}" y1="-3" y2="15"/>' if mean else ""
        bar = f'<rect class="track" width="100%" height="12"/><rect class="k-online" width="{width}" height="12"/>'
        drawn = f'<svg aria-hidden="true">{bar}{mark}</svg>{note.lstrip()}'
        return f'<td data-l="{label}"><div class="cellbar"><span class="num">{text}</span>{drawn}</div></td>'
    if chip:
        return f'<td data-l="{label}"><span class="chip chip--{_text(chip)}">{text}</span></td>'
    return f'<td class="num" data-l="{label}">{text}{note}</td>'


def _note(note: str) -> str:
    return f' <span class="note">{_text(note)}</span>' if note else ""
