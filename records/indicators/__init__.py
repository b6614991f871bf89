"""Indicators other than dossier counts, and the values that units report for them."""
