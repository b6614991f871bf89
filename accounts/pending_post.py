"""Stores a POST that arrived after its session had ended, and offers it after sign-in to the same user, who sends it
again (acceptance S12). Never stores passwords, codes of the second factor and files.
"""

from django.conf import settings
from django.http import HttpRequest

_KEY = "held"
_SECRETS = "/accounts/"
# A form of the largest month is far below; what is longer is not worth keeping in every answer's session.
_MOST_CHARACTERS = 300_000


def fields_of(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of a POST in their order, without its token; none where there is a file, a password or too much."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    fields = [(name, value) for name, value in fields if name != "csrfmiddlewaretoken"]
    secret = any("password" in name for name, _ in fields)
    long = sum(len(name) + len(value) for name, value in fields) > _MOST_CHARACTERS
    return [] if secret or long or request.FILES else fields


def keep(request: HttpRequest, person: int) -> None:
    """Keep the POST for the person whose session ended; none of the pages of accounts, where secrets are typed: the
    session is stored as it is.
    """
    fields = fields_of(request)
    if fields and not request.path.startswith(_SECRETS):
        request.session[_KEY] = {"person": person, "to": request.get_full_path(), "fields": fields}
        request.session.set_expiry(settings.SESSION_ABSOLUTE_SECONDS)


def exists(request: HttpRequest) -> bool:
    """Whether this browser's session has a stored POST."""
    return _KEY in request.session


def for_reader(request: HttpRequest) -> dict | None:
    """The stored POST of the signed-in reader ("to", "fields"); discards that of another user."""
    stored = request.session.get(_KEY)
    if stored is not None and stored["person"] != request.user.pk:
        discard(request)
        return None
    return stored


def discard(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)


def note_resent(request: HttpRequest) -> None:
    """Discard the stored POST if this request goes to the same address."""
    stored = request.session.get(_KEY)
    if stored is not None and stored["to"] == request.get_full_path():
        discard(request)
