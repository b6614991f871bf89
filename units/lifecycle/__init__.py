"""Opens, closes, merges and splits units, and undoes each of these."""
