"""Fixtures of other packages that the tests of accounts share."""

from tests.ledger.conftest import shared_database as shared_database
from tests.units.conftest import tree as tree
