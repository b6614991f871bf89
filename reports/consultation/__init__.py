"""Consultation on a review: requests to units for comments or text, comments, contributions, reminders."""
