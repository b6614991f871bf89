"""Addresses of official forms and of the open data."""

from django.urls import path

from reports.views import comparing, official, opened

urlpatterns = [
    path("reports/open-data/", opened.opened, name="opened"),
    path("reports/open-data.zip", opened.opened_zip, name="opened_zip"),
    path("reports/forms/months/<int:pk>.xlsx", official.form_of_month, name="form_of_month"),
    path("reports/forms/<slug:key>/", official.form_page, name="official_form"),
    path("reports/forms/<slug:key>/compared/", comparing.compared, name="form_compared"),
    path("reports/forms/<slug:key>.xlsx", official.form_xlsx, name="form_xlsx"),
    path("reports/forms/<slug:key>.pdf", official.form_pdf, name="form_pdf"),
]
