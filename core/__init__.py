"""What any Django project could use: prepared SQL, text, dates, locks, network."""
