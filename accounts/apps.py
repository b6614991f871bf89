"""The accounts as a Django app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Người dùng"

    def ready(self) -> None:
        # Models can be imported only now. It listens to what django-axes writes, whoever asks for a password.
        from accounts.sessions import forget_sessions
        from ledger.timer_runs import FORGETTING

        FORGETTING.register(forget_sessions, place=30)
