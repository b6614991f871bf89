"""Reporting months, due dates and the dated rules behind them (cut-off days, due days, holidays)."""
