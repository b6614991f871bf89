"""Each recipe makes a copy of the tree with its own SQLite database: PostgreSQL adds nothing to them."""

import os

collect_ignore = ["test_recipes.py"] if os.environ.get("DATABASE_URL") else []
