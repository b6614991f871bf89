"""OUT: dashboard, charts, exports, review reports and PDF; reads records, changes only its own reviews."""
