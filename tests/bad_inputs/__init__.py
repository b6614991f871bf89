"""Lists of bad inputs (acceptance S21–S27), and tests that send them through every way of input."""
