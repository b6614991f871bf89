"""IN: the catalogue, monthly submissions, dossier counts, entry, approval and import."""
