"""Imports of counts, catalogue and split actuals from CSV or XLSX: every fault at once, all or nothing."""
