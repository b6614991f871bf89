"""An HTTP client for one user, with a new connection for each request as a proxy opens it."""

import http.client
import json
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

LOGIN = "/accounts/login/"
FAILURES = (OSError, http.client.HTTPException)


class Answer(NamedTuple):
    status: int
    body: bytes
    location: str

    @property
    def data(self) -> dict:
        return json.loads(self.body)


class Client:
    """Stores the user's cookies. Every request may raise one of FAILURES if nothing responds."""

    def __init__(self, address: str, timeout: float = 60) -> None:
        self.address, self.timeout, self.cookies = address, timeout, {}

    def at(self, address: str) -> "Client":
        """The same user at another server of the same database."""
        other = Client(address, self.timeout)
        other.cookies = dict(self.cookies)
        return other

    def sign_in(self, username: str, password: str = "demo") -> "Client":
        """Errors: RuntimeError if refused."""
        self.get(LOGIN)
        answer = self.form(LOGIN, username=username, password=password)
        if answer.status != 302:
            raise RuntimeError(f"{username} could not sign in: {answer.status}")
        return self

    def status(self, path: str) -> int:
        """Status of a page; 0 if nothing responds."""
        try:
            return self.get(path).status
        except FAILURES:
            return 0

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def form(self, path: str, **fields: object) -> Answer:
        """Send like a page's form."""
        return self._ask("POST", path, urlencode(fields), "application/x-www-form-urlencoded", "text/html")

    def json(self, path: str, body: object) -> Answer:
        """Send like a page's script."""
        return self._ask("POST", path, json.dumps(body), "application/json", "application/json")

    def _ask(
        self, method: str, path: str, body: str = "", kind: str = "", accept: str = "text/html"
    ) -> Answer:
        headers = {"Accept": accept, "Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())}
        if method == "POST":
            headers |= {"Content-Type": kind, "X-CSRFToken": self.cookies.get("csrftoken", "")}
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=self.timeout)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", ()):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return Answer(answer.status, content, answer.headers.get("Location", ""))
