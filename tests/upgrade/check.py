"""python -m tests.upgrade.check FOLDER: put a kept database into an empty one, migrate it by today's code, and print
each answer that is no more what it was; exit 1 where there is one. With --write the answers are kept instead, with
--restore nothing follows.
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
    """0 when everything is answered as it was."""
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
    # What waits is left waiting: nothing is drawn beside the questions.
    jobs.start_worker = lambda: None
    path = folder / "answers.json"
    if "--write" in options:
        write(path, answers.ask(keys, {}))
        return 0
    known = json.loads(path.read_text("utf-8"))
    found = list(answers.lacking(known, answers.ask(keys, known)))
    print(*found, sep="\n", end="")
    return 1 if found else 0


def write(path: Path, told: dict[str, Any]) -> None:
    """A line for each answer."""
    parts = []
    for part, found in sorted(told.items()):
        lines = [f"{as_json(name)}: {as_json(one)}" for name, one in sorted(found.items())]
        parts.append(f"{as_json(part)}: {{\n" + ",\n".join(lines) + "\n}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")


def as_json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
