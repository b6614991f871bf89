"""WHO: the dated tree of units, succession, people and their rights. Knows neither figures, records nor reports."""
