"""Writing a review: outlines and phrases that drafts are made of, whole drafts, sections and their figures."""
