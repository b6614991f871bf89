"""The printed review: rows, sentences and drawings for the templates, and the PDF files that are kept."""
