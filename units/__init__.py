"""Who reports: the dated tree of units, succession, lifecycle, people and their rights, tokens and push.

Knows neither figures, records nor reports.
"""
