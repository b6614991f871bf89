"""The ledger as a Django app."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = "Nhật ký"
    default_auto_field = "django.db.models.BigAutoField"
