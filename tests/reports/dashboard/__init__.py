"""Tests of the dashboard and its files."""
