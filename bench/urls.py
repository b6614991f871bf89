"""The product's addresses, and beside them the plain pages that it is measured against."""

from django.urls import include, path

from . import plain_server

urlpatterns = [
    path("bench/bare/", plain_server.bare),
    path("", include("cchc_dashboard.urls")),
]
