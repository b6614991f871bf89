"""Pages of long lists: any page number that people or robots may type leads to a page."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PAGE_SIZE = 100


def page_of(request: HttpRequest, rows: QuerySet | list) -> Page:
    """The page that `?page=` asks for; the nearest one where it does not exist."""
    text = request.GET.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 1
    return Paginator(rows, PAGE_SIZE).get_page(number)


@contextmanager
def outcome_message(request: HttpRequest, success: str, *refusals: type[Exception]) -> Iterator[None]:
    """Around an action: `success` once it is done, the words of the refusal where one of these is raised."""
    try:
        yield
    except refusals as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, success)
