from importlib import import_module

from django.apps import AppConfig


class UnitsConfig(AppConfig):
    name = "units"
    verbose_name = "Đơn vị và người dùng"

    def ready(self) -> None:
        # It listens to what django-axes writes, whoever asks for a password.
        import_module("units.visits")
