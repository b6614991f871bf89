"""Shows and prints figures: dashboard, files, reviews and PDF. Changes only its own reviews."""
