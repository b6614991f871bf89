"""The product's addresses, and beside them the plain pages that it is measured against."""

from django.urls import include, path

from cchc_dashboard.urls import handler400, handler403, handler404, handler500

from . import plain

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("bench/bare/", plain.bare),
    path("", include("cchc_dashboard.urls")),
]
