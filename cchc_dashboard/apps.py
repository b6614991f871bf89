from importlib import import_module

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "cchc_dashboard"

    def ready(self) -> None:
        import_module("cchc_dashboard.checks")
