"""What leaves the room as a file."""
