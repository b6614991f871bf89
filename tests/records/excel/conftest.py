"""The cast of the pages, with a form of alpha's July."""

from tests.records.pages.conftest import as_ as as_
from tests.records.pages.conftest import july as july
from tests.records.pages.conftest import people as people
from tests.records.pages.conftest import sent as sent
