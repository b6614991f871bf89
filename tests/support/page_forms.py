"""Parses a page's forms: what a browser without JavaScript would send."""

from html.parser import HTMLParser
from urllib.parse import urljoin

from django.test import Client


class Forms(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._into: tuple[str, list[str]] | None = None
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((values.get("action", ""), {}))
        if not self.forms:
            return
        fields, name = self.forms[-1][1], values.get("name", "")
        if tag == "input" and name and values.get("type") not in ("checkbox", "radio", "file"):
            fields[name] = values.get("value", "")
        elif tag in ("input",) and name and "checked" in values:
            fields[name] = values.get("value", "on")
        elif tag == "textarea" and name:
            self._into = (name, [])
        elif tag == "select" and name:
            self._select = name
        elif tag == "option" and self._select and ("selected" in values or self._select not in fields):
            fields[self._select] = values.get("value", "")

    def handle_data(self, data):
        if self._into:
            self._into[1].append(data)

    def handle_endtag(self, tag):
        if tag == "textarea" and self._into:
            name, parts = self._into
            # HTML ignores the first line break after the tag.
            self.forms[-1][1][name] = "".join(parts).removeprefix("\n")
            self._into = None
        elif tag == "select":
            self._select = ""


def form_on(client: Client, address: str, action: str = "", needs: str = "") -> tuple[str, dict[str, str]]:
    """Address and fields of the page's form whose action ends with `action` and which has the field `needs`."""
    page = client.get(address)
    assert page.status_code == 200, (address, page.status_code)
    for target, fields in Forms(page.content.decode()).forms:
        if target.endswith(action) and (not needs or needs in fields):
            return urljoin(address, target), fields
    raise AssertionError(f"no form {action} with {needs} on {address}")


def submit(client: Client, address: str, action: str = "", *, needs: str = "", **changes):
    """Open a page, fill in a form and send it; only fields on the page can be filled in."""
    target, fields = form_on(client, address, action, needs)
    unknown = [name for name, value in changes.items() if name not in fields and isinstance(value, str)]
    assert not unknown, f"{address} has no field {unknown}"
    return client.post(target, fields | changes)
