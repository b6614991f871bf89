"""The cast of tests/records."""

from tests.records.conftest import cast as cast
from tests.records.conftest import fields as fields
