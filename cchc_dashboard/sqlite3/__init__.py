"""Django's SQLite with a queue for writers: the first to ask is the first to write (settings.DATABASES names it)."""
