"""What a merger or split of units changes in reporting: inherited catalogue rows and settings, and sums."""
