"""The two kinds of derived sums, and their recount. Nothing else writes them."""

from .checking import differences, recount
from .groups import refresh, regroup, total_edition

__all__ = ["differences", "recount", "refresh", "regroup", "total_edition"]
