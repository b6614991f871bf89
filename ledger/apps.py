"""The ledger as a Django app."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = "Nhật ký"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only now.
        from ledger import outbox, request_keys, timer_runs

        timer_runs.FORGETTING.register(outbox.forget, place=10)
        timer_runs.FORGETTING.register(request_keys.forget, place=20)
