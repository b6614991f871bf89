"""The list of reviews, the page of one, and everything that is done from it."""
