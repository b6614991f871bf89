"""Base class of management commands, and look-up of users and files in their arguments."""

from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser


class ExampleCommand(BaseCommand):
    """A command that shows `example` under its help."""

    example: str

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        example = f"Ví dụ: python manage.py {self.example}"
        return super().create_parser(prog_name, subcommand, epilog=example, **kwargs)


def user_or_error(username: str | None) -> Any:
    """The user with this name, None without a name; CommandError (exit code 2) for an unknown name."""
    if username is None:
        return None
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"Không có người dùng {username}.", returncode=2)
    return user


def existing_path(name: str) -> Path:
    """The path of a file; CommandError (exit code 2) if it does not exist."""
    path = Path(name)
    if not path.is_file():
        raise CommandError(f"Không có tệp {path}.", returncode=2)
    return path
