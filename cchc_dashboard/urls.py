"""The addresses that stay put (interfaces.md)."""

from django.urls import include, path

from units.people.views import account

handler400 = "cchc_dashboard.errors.bad_request"
handler403 = "cchc_dashboard.errors.forbidden"
handler404 = "cchc_dashboard.errors.not_found"
handler500 = "cchc_dashboard.errors.server_error"

urlpatterns = [
    path("", include("cchc_dashboard.monitoring.health")),
    path("", include("cchc_dashboard.monitoring.metrics")),
    # The reader's own account shows roles, which accounts do not know.
    path("accounts/me/", account, name="account"),
    path("accounts/", include("accounts.urls")),
    path("units/", include("units.urls")),
    path("records/", include("records.urls")),
    path("api/v1/", include("units.api")),
    path("api/v1/", include("records.api.urls")),
    path("", include("reports.urls")),
]
