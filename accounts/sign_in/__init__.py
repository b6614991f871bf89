"""Signing in: by password, second step, or single sign-on; and what was typed when a session ended."""
