"""Questions of this room over more than one model."""

from .anchors import log_anchors

__all__ = ["log_anchors"]
