"""The product's URLs and the plain pages that it is compared with."""

from django.urls import include, path

from . import plain_server

urlpatterns = [
    path("bench/bare/", plain_server.bare),
    path("", include("cchc_dashboard.urls")),
]
