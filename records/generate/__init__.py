"""Generates a whole country for performance tests and trials (`manage.py generate_country`)."""
