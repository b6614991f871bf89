"""Indicators other than dossiers: which there are, and what units report for them."""
