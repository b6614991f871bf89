"""Addresses of the dashboard, exports and the API."""

from django.urls import include, path

urlpatterns = [path("", include("reports.urls_reviews"))]
