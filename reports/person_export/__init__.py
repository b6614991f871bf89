"""Everything that is kept about one person, for the person's own request."""
