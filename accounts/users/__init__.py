"""Users and their passwords: create, edit, lock; issue, change, reset, invite."""
