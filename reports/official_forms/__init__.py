"""Official forms of a unit and period, filled from figures, as page, XLSX and PDF, and compared with a file."""
