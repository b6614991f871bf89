"""Who may see or change a review: fetch with the right checked, lock, refuse, log."""
