"""The dashboard of a unit and period: its figures, charts, table and downloads."""
