"""Lets apps add parts to an app that they import, which does not import them."""

from collections.abc import Iterator
from typing import Generic, TypeVar

Part = TypeVar("Part")


class Registry(Generic[Part]):
    """Parts in the order of their places, registered in `AppConfig.ready`."""

    def __init__(self) -> None:
        self._parts: dict[int, Part] = {}

    def register(self, part: Part, *, place: int) -> None:
        """Errors: ValueError where another part has that place."""
        if self._parts.setdefault(place, part) != part:
            raise ValueError(f"place {place} is taken by {self._parts[place]}")

    def __iter__(self) -> Iterator[Part]:
        return iter([self._parts[place] for place in sorted(self._parts)])
