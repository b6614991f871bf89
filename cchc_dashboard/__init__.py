"""Wiring only: settings, addresses, middleware, the clock. No rule of the product lives here."""
