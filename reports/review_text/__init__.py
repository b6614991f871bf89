"""Vietnamese text from figures: sentences, facts, bound figures, phrases, typed numbers. No database."""
