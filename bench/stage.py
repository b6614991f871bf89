"""The generated databases, each created on first use."""

import sys
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from django.core.management import call_command

from records.generate import country
from records.management.commands.generate_country import GAPS

from . import databases
from .measurement import say


class Stage:
    """Each is (connection, top unit, scale), except the demo's connection."""

    def __init__(self, folder: Path, small: bool) -> None:
        self.folder, self.small = folder, small
        self._nation = country.SMALL if small else country.NATION
        self._before = country.SMALL_BEFORE if small else country.BEFORE
        self._merged = country.SMALL_MERGED if small else country.MERGED

    @cached_property
    def district(self) -> tuple:
        return self._generate("district", country.DISTRICT)

    @cached_property
    def long_district(self) -> tuple:
        return self._generate("long_district", replace(country.DISTRICT, months=self.before[2].months))

    @cached_property
    def before(self) -> tuple:
        return self._generate("before", self._before)

    @cached_property
    def nation(self) -> tuple:
        return self._generate("nation", self._nation)

    @cached_property
    def merged(self) -> tuple:
        return self._generate("merged", self._merged)

    @cached_property
    def district_gaps(self) -> tuple:
        return self._with_gaps("district", country.DISTRICT)

    @cached_property
    def nation_gaps(self) -> tuple:
        return self._with_gaps("nation", self._nation)

    @cached_property
    def before_gaps(self) -> tuple:
        return self._with_gaps("before", self._before)

    @cached_property
    def merged_gaps(self) -> tuple:
        return self._with_gaps("merged", self._merged)

    @cached_property
    def demo(self) -> Any:
        connection = databases.create("demo")
        with databases.use(connection):
            call_command("seed_demo", stdout=sys.stderr)
        return connection

    def _with_gaps(self, name: str, scale: Any) -> tuple:
        """With one report in a hundred missing everywhere, as in `generate_country`."""
        return self._generate(f"{name}_gaps", replace(scale, gaps=GAPS))

    def _generate(self, name: str, scale: Any) -> tuple:
        start = time.monotonic()
        connection = databases.create(name)
        with databases.use(connection):
            top = country.fill_country(scale)
            country.settle_database()
        say(f"generated: {scale} in {time.monotonic() - start:.0f} s")
        return connection, top, scale
