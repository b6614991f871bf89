"""python -m tests.upgrade.check FOLDER: restore a stored database into an empty one, migrate it, and print each answer
that changed; exit 1 if any did. --write stores the answers instead, --restore stops after restoring.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import django
from django.utils import timezone

from .generator import NOW, VARIABLES


def main(folder: Path, *options: str) -> int:
    """The exit code: 0 if all answers are unchanged."""
    timezone.now = lambda: NOW
    keys = json.loads((folder / "keys.json").read_text("utf-8"))
    os.environ |= VARIABLES | {"CCHC_SECRET_KEY": keys["secret_key"]}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cchc_dashboard.settings")
    django.setup()

    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    from ledger import jobs
    from tests.upgrade import answers, database

    setup_test_environment()
    database.restore(folder)
    if "--restore" in options:
        return 0
    call_command("migrate", verbosity=0)
    # Queued drawings must not run during the requests.
    jobs.start_worker = lambda: None
    path = folder / "answers.json"
    if "--write" in options:
        write(path, answers.ask(keys, {}))
        return 0
    stored = json.loads(path.read_text("utf-8"))
    differences = list(answers.changed_values(stored, answers.ask(keys, stored)))
    print(*differences, sep="\n", end="")
    return 1 if differences else 0


def write(path: Path, answers: dict[str, Any]) -> None:
    """One line per answer."""
    parts = []
    for part, entries in sorted(answers.items()):
        lines = [f"{as_json(name)}: {as_json(value)}" for name, value in sorted(entries.items())]
        parts.append(f"{as_json(part)}: {{\n" + ",\n".join(lines) + "\n}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
