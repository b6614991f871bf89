"""What apps above add to an app below when they start: registered in the direction of imports, and read as a list."""

from collections.abc import Iterator
from typing import Generic, TypeVar

Part = TypeVar("Part")


class Registry(Generic[Part]):
    """Parts in the order of their places, whoever registers first; `AppConfig.ready` of an app registers its own."""

    def __init__(self) -> None:
        self._parts: dict[int, Part] = {}

    def register(self, part: Part, *, place: int) -> None:
        """Errors: ValueError where another part has that place."""
        if self._parts.setdefault(place, part) != part:
            raise ValueError(f"place {place} is taken by {self._parts[place]}")

    def __iter__(self) -> Iterator[Part]:
        return iter([self._parts[place] for place in sorted(self._parts)])
