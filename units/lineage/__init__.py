"""Whose reports make up whose history, day by day: pure reckoning over the dated tree and its successions.

A unit that is over is carried to its successors, by shares multiplied along the chain and added where ways meet. A
successor opens after its predecessor ended, so no chain comes back to where it began.
"""

from .carrying import Node, Shares, carried
from .histories import Line, lines

__all__ = ["Line", "Node", "Shares", "carried", "lines"]
