"""Addresses of the API for other systems: periods, catalogue, submissions."""

from django.urls import path

from .views import fields, periods, procedures, submission, submissions

urlpatterns = [
    path("periods", periods, name="api_periods"),
    path("catalogue/fields", fields, name="api_fields"),
    path("catalogue/procedures", procedures, name="api_procedures"),
    path("submissions", submissions, name="api_submissions"),
    # A unit is named as in `summary`: its code, which may hold a slash, or CODE@day.
    path("submissions/<path:unit>/<str:month>", submission, name="api_submission"),
]
