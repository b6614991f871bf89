"""Tables read and written: CSV and XLSX uploads within limits, and downloads as CSV, XLSX or JSON."""
