"""The meeting at which a review was presented."""
