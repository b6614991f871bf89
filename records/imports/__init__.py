"""Files that become rows: counts and the catalogue. Every fault at once, all or nothing per file."""
