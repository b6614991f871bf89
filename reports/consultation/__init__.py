"""Asking units about a review: requests for comments or text, comments, contributions, reminders."""
