"""Addresses of the dashboard, its files, charts and API; reviews have their own module."""

from django.urls import path

from reports import urls_around, urls_issued, urls_official, urls_reviews, urls_wording
from reports.views import api, api_reviews, charts, dashboard, exports, finding, status

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("reports/units/", finding.find_unit, name="find_unit"),
    path("reports/status/", status.status, name="status"),
    path("reports/dashboard.csv", exports.csv_export, name="dashboard_csv"),
    path("reports/dashboard.xlsx", exports.xlsx_export, name="dashboard_xlsx"),
    path("reports/charts/<slug:name>.json", charts.chart, name="chart"),
    path("api/v1/summary", api.summary, name="api_summary"),
    path("api/v1/reviews", api_reviews.reviews, name="api_reviews"),
    path("api/v1/reviews/<int:pk>", api_reviews.review, name="api_review"),
    path("api/v1/reviews/<int:pk>/pdf", api_reviews.pdf, name="api_review_pdf"),
    path("api/v1/openapi.json", api.openapi_json, name="openapi"),
    *urls_reviews.urlpatterns,
    *urls_wording.urlpatterns,
    *urls_issued.urlpatterns,
    *urls_around.urlpatterns,
    *urls_official.urlpatterns,
]
