"""A review as DOCX, made from the print templates. Only this package imports python-docx and lxml."""
