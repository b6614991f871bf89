"""The home page: the user's tasks, and the status of the units below."""
