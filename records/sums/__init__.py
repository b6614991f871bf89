"""The two kinds of derived sums, and their recount. Nothing else writes them."""

from .checking import differences, recount
from .groups import hand_over, refresh, regroup, total_edition
from .handed import mark

__all__ = ["differences", "hand_over", "mark", "recount", "refresh", "regroup", "total_edition"]
