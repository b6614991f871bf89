"""What the views share. Pages of lists: any page number that people or robots may type leads to a page."""

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

SIZE = 100


def page_of(request: HttpRequest, rows: QuerySet | list) -> Page:
    """The page that `?page=` asks for; the nearest one where it does not exist."""
    text = request.GET.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 1
    return Paginator(rows, SIZE).get_page(number)


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with; an empty sending is a sending too."""
    return request.POST if request.method == "POST" else None
