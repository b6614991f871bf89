"""The tree of tests/units, for what core is used with."""

from tests.units.conftest import tree as tree
