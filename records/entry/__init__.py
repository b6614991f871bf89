"""The pages on which a clerk enters, checks and sends a month, and everybody reads it."""
