"""Memory: the append-only log of who did what, request keys, backup. Knows none of the other rooms."""
