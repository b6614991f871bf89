"""Tests of the app reports/."""
