"""The tree and people of tests/units."""

from tests.ledger.conftest import shared_database as shared_database
from tests.units.conftest import tree as tree
