"""A month entered by uploading its official form (II.06a or its successor)."""
