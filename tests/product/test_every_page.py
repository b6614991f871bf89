"""Every address by every role: no method breaks it, and nothing on it is English (acceptance F4)."""

import re
import unicodedata
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from core import web

from .test_rights_matrix import cast as cast
from .test_routes import address, routes

# A Vietnamese syllable without its marks: onset, vowels, coda. What is none is foreign, unless it is named below.
SYLLABLE = re.compile(
    r"(ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdghklmnprstvx])?[aeiouy]{1,3}(ch|ng|nh|[cmnpt])?", re.I
)
# Files, keys, programs, roman numbers and units of measure; abbreviations that offices write.
FOREIGN = {
    "csv", "xlsx", "pdf", "docx", "json", "sha", "qr", "mb", "px", "ctrl", "enter", "shift", "esc", "caps", "lock",
    "ubnd", "hđnd", "bc", "bcci", "tthc", "cchc", "vpcp", "kstt", "ct", "kt", "tl", "vt", "pct", "ttpvhcc", "nq", "cp",
    "vsd", "office", "web", "wi", "html", "api", "windows", "excel", "tp", "tcvn", "utf", "unicode", "byte", "delete",
    "txt", "kb", "f", "google", "libreoffice",
}  # fmt: skip
JUNK = "!x"


class Page(HTMLParser):
    """What a page says (text, and attributes that are read out), and its forms with the names of their fields."""

    SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-l")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.forms: list[tuple[str, list[str]]] = []
        self._mute = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.said += [given[name] for name in self.SPOKEN if given.get(name)]
        if tag in ("script", "style", "code", "textarea"):
            self._mute += 1
        if tag == "form" and given.get("method") == "post":
            self.forms.append((given.get("action") or "", []))
        named = given.get("name") not in (None, "csrfmiddlewaretoken", "revision")
        if named and self.forms and tag in ("input", "select", "textarea"):
            self.forms[-1][1].append(given["name"])

    def handle_endtag(self, tag):
        if tag in ("script", "style", "code", "textarea"):
            self._mute -= 1

    def handle_data(self, data):
        if not self._mute:
            self.said.append(data)


def foreign(text: str, known: frozenset[str] = frozenset()) -> set[str]:
    """The words of a text that are neither Vietnamese by their build nor named; addresses and codes are left out."""
    text = re.sub(r"https?://\S+|\S*[@/_=]\S*|\S*\d\S*|\w+(-\w+)+", " ", unicodedata.normalize("NFC", text))
    found = set()
    for word in re.findall(r"[^\W\d_]+", text):
        plain = "".join(
            sign for sign in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(sign)
        ).replace("đ", "d")
        allowed = word.lower() in FOREIGN or word.lower() in known or re.fullmatch(r"[IVXivx]+", word)
        if not allowed and len(word) > 1 and not SYLLABLE.fullmatch(plain):
            found.add(word)
    return found


def test_the_reader_of_words_knows_the_two_languages():
    assert foreign("This password is too short. It must contain at least 12 characters.") >= {
        "password", "short", "must", "contain", "least", "characters",
    }  # fmt: skip
    assert foreign("Method Not Allowed") >= {"Method", "Allowed"}
    assert (
        foreign("Nghỉ khuya, nguyên quán huyện Thanh Liêm; quyết toán, giếng, gì, ướt, khoẻ, ngoằn ngoèo.")
        == set()
    )


@pytest.mark.django_db
def test_nothing_on_any_page_is_english(cast, client):
    """Each page as each role sees it, the answer to each of its forms filled in with junk, and every refusal."""
    names = frozenset(
        word.lower() for user in cast.people.values() for word in [*user.username.split("-"), "nobody"]
    )
    told: dict[str, set[str]] = {}
    tried: set[tuple[str, ...]] = set()
    numbers = {space: number for space, unit, number in cast.targets if unit.code == "13474"}

    def read(label: str, answer) -> Page | None:
        if "html" not in answer.headers.get("Content-Type", ""):
            assert answer.status_code < 400 or "json" in answer.headers.get("Content-Type", "json"), label
            return None
        page = Page(answer.content.decode())
        words = foreign(" ".join(page.said), names)
        if words:
            told.setdefault(label, set()).update(words)
        return page

    for name, user in cast.people.items():
        client.force_login(user)
        for where, _ in routes():
            space = re.match(r"(units|records|reports/reviews)/<int:pk>", where)
            number = numbers[space[1]] if space else user.pk
            if where in ("accounts/logout/", "accounts/login/"):
                continue
            address_ = address(where, number)
            page = read(f"GET {where}", client.get(address_))
            for action, fields in page.forms if page else ():
                if action == reverse("logout") or (action, *fields) in tried:
                    continue
                tried.add((action, *fields))
                junk = dict.fromkeys(fields, JUNK) | {"revision": "0"}
                for data in ({}, junk):
                    read(f"POST {action or where} by {name}", client.post(action or address_, data))
    client.logout()
    for path in ("/accounts/login/", "/verify/"):
        for data in ({}, {"username": "x", "password": "x"}, {"username": "x" * 300, "password": "x"}):
            read(f"POST {path}", client.post(path, data))
        read(f"GET {path}", client.get(path))
    read("GET logout", client.get("/accounts/logout/"))
    assert not told, told


@pytest.mark.django_db
def test_no_method_breaks_an_address(cast, client):
    methods = ("head", "options", "put", "delete")
    for name in (None, "reviewer 351", "administrator 351"):
        client.logout()
        if name:
            client.force_login(cast.people[name])
        for where, pattern in routes():
            for number in (1, 2**63):
                for method in methods:
                    answer = getattr(client, method)(address(where, number))
                    assert answer.status_code < 500, (method, where)
                    if pattern.callback.declared_right is not web.Right.PUBLIC and not name:
                        assert answer.status_code in (302, 401, 404), (method, where)
