"""Wiring only: settings, addresses, middleware. Nothing imports it."""
