"""Questions over rows. Each module answers one kind of them; time and the calendar are arguments."""
