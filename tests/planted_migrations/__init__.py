"""A migration that ends half-way, for tests and drills of what is left of it: by an error or by kill -9, as
`CCHC_TEST_HALF_WAY` says. `python -m tests.planted_migrations migrate …` is manage.py that knows of it.
"""

VARIABLE = "CCHC_TEST_HALF_WAY"
MODULES = {"ledger": "tests.planted_migrations.ledger"}
