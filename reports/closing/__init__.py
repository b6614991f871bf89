"""Closing a review: checks before signing, freezing, the job that draws long PDFs, number and signed file."""
