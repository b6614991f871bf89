"""Addresses of months and the catalogue for other systems."""

from django.urls import path

from .views import api_lists, api_submissions

urlpatterns = [
    path("periods", api_lists.periods, name="api_periods"),
    path("catalogue/fields", api_lists.fields, name="api_fields"),
    path("catalogue/procedures", api_lists.procedures, name="api_procedures"),
    path("submissions", api_submissions.submissions, name="api_submissions"),
    # A unit is named as in `summary`: its code, which may hold a slash, or CODE@day.
    path("submissions/<path:unit>/<str:month>", api_submissions.submission, name="api_submission"),
]
