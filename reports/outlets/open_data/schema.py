"""What a Data Package says of a table: its columns with types and meanings, and what they refer to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Column:
    """A field of the schema: `unit` is what it is counted in."""

    name: str
    type: str
    title: str
    required: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()

    def described(self) -> dict[str, Any]:
        """As Table Schema has it."""
        found: dict[str, Any] = {"name": self.name, "type": self.type, "title": self.title}
        if self.type in ("date", "datetime"):
            found["format"] = "default"
        limits: dict[str, Any] = {"required": True} if self.required else {}
        if self.choices:
            limits["enum"] = list(self.choices)
        if self.type == "integer":
            limits["minimum"] = 0
        if limits:
            found["constraints"] = limits
        return found | ({"unit": self.unit} if self.unit else {})


@dataclass(frozen=True)
class Table:
    """A resource: its rows are read when it is written."""

    name: str
    title: str
    fields: tuple[Column, ...]
    rows: Callable[[], Iterator[Row]]
    key: tuple[str, ...] = ()
    refers: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Its file."""
        return f"{self.name}.csv"

    def resource(self) -> dict[str, Any]:
        """As a Data Package lists it."""
        schema: dict[str, Any] = {
            "fields": [one.described() for one in self.fields],
            "missingValues": [""],
        }
        if self.key:
            schema["primaryKey"] = list(self.key)
        if self.refers:
            schema["foreignKeys"] = [
                {"fields": [own], "reference": {"resource": table, "fields": [theirs]}}
                for own, (table, theirs) in self.refers.items()
            ]
        return {
            "name": self.name,
            "path": self.path,
            "title": self.title,
            "profile": "tabular-data-resource",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "dialect": {"delimiter": ",", "lineTerminator": "\n", "header": True},
            "schema": schema,
        }
