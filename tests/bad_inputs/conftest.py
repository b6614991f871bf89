"""Fixtures of tests/records that these tests share."""

from tests.records.conftest import cast as cast
from tests.records.conftest import fields as fields
