"""Units and successions out of files: every fault at once, all or nothing, the same file again changes nothing."""

from .common import Result
from .successions import import_successions
from .units import import_units

__all__ = ["Result", "import_successions", "import_units"]
