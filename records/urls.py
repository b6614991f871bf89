"""Addresses of the work list and of submissions."""

app_name = "records"
urlpatterns: list = []
