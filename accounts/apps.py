"""The accounts as a Django app."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Người dùng"

    def ready(self) -> None:
        # It listens to what django-axes writes, whoever asks for a password.
        import_module("accounts.sessions")
