"""Reviews that released versions froze, as they were stored: one folder per version (README.md)."""
