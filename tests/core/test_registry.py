"""A registry lists parts in the order of their places."""

import pytest

from core.registry import Registry


def test_parts_are_in_the_order_of_their_places():
    parts = Registry()
    parts.register("second", place=20)
    parts.register("first", place=10)
    parts.register("first", place=10)
    assert list(parts) == ["first", "second"]
    with pytest.raises(ValueError, match="place 20 is taken"):
        parts.register("third", place=20)
