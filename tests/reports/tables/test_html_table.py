"""Any text is escaped: a parser reads back the same text and no other markup."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from core import web
from reports.tables import html_table
from reports.tables.html_table import TableCell, TableHead, TableLine

# Without characters that a parser changes: carriage returns, NUL and surrogates.
texts = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
nasty = st.sampled_from(["<script>", '"><b x="', "&amp;", "'", "{x}", "%s", "&lt"]) | texts


class Reader(HTMLParser):
    """The tags, the values of attributes, and the texts between tags."""

    def __init__(self, drawn: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.values: list[str] = []
        self.texts = [""]
        self.feed(drawn)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [value for _, value in attrs if value is not None]
        self.texts.append("")

    def handle_endtag(self, tag):
        self.texts.append("")

    def handle_data(self, data):
        self.texts[-1] += data


@given(nasty, nasty, nasty, nasty, nasty)
def test_rows(name, href, note, label, text):
    cells = [
        TableCell(label, text),
        TableCell(label, text, note=note),
        TableCell(label, text, width="12.50%", mean="8.00%", note=note),
        TableCell(label, text, chip="ok"),
    ]
    read = Reader(html_table.table_rows([TableLine(name, href, note, tuple(cells))]))
    bar = ["div", "span", "svg", "rect", "rect", "line", "span"]
    assert read.tags == ["tr", "th", "a", "span", "td", "td", "span", "td", *bar, "td", "span"]
    assert href in read.values and read.values.count(label) >= 4
    for value in (name, note, text):
        assert value in read.texts or f"{value} " in read.texts


@given(nasty, nasty, nasty)
def test_plain_rows_heads_and_options(one, two, three):
    read = Reader(web.plain_rows([(one, two, three)], words=(1,)))
    assert (read.tags, read.texts[2:7:2]) == (["tr", "th", "td", "td"], [one, two, three])
    read = Reader(html_table.table_heads([TableHead(one, True, two, "ascending")]))
    assert (read.tags, read.values) == (["th", "a"], ["col", "num", "ascending", two])
    assert one in read.texts
    read = Reader(web.options([("nhóm", [(one, two), (three, one)]), ("không", [])], three))
    assert (read.tags, read.values) == (["optgroup", "option", "option"], ["nhóm", one, three])
    assert [two, one] == [text for text in read.texts if text]
