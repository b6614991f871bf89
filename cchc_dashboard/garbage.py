"""How Python looks for garbage while pages are served: seldom, and not among what stays."""

import gc

# A page makes about so many objects that may be garbage and keeps few: as Python comes (700) it would be looked
# through dozens of times, which took a seventh of its time.
_THRESHOLD = 10_000


def settle() -> None:
    """Leave all that was made until now out of every search: it stays, and is shared between workers."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_THRESHOLD)
