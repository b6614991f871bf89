"""Bad inputs as one list (acceptance S21–S27), and tests that try every way in with it."""
