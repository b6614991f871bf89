"""Fixtures of other packages that the tests of core share."""

from tests.units.conftest import tree as tree
