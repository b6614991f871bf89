"""The hashes of entries that were purged, each compared with whatever was kept against it."""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from .models import Purge

ACTION = "log.purge"
SIZE = 32  # bytes of a hash


class PurgedRun(NamedTuple):
    """A purged run of sequence numbers, and how many of its entries stand still."""

    first: int
    last: int
    left: int


class PurgedHashes:
    """All purged runs as they are when this is made; hashes are read run by run, as they are asked for."""

    def __init__(self) -> None:
        self.runs = [
            PurgedRun(*one) for one in Purge.objects.order_by("last").values_list("first", "last", "left")
        ]
        self._read: tuple[int, bytes] = (0, b"")

    @property
    def last(self) -> int:
        """The last purged number; 0 of a log that is whole."""
        return self.runs[-1].last if self.runs else 0

    @property
    def left(self) -> int:
        """How many purged numbers have their entry still."""
        return sum(one.left for one in self.runs)

    def hash_of(self, sequence: int) -> str:
        """The hash that the entry of this purged number had; empty where no run holds it."""
        run = next((one for one in self.runs if one.first <= sequence <= one.last), None)
        if run is None:
            return ""
        start = (sequence - run.first) * SIZE
        return self._hashes(run)[start : start + SIZE].hex()

    def digest(self) -> str:
        """SHA-256 over all hashes in order, as the log's entry of the last purge holds it."""
        digest = hashlib.sha256()
        for run in self.runs:
            digest.update(self._hashes(run))
        return digest.hexdigest()

    def faults(self, told: dict[str, Any], found: int) -> Iterator[str]:
        """What is wrong with them, in Vietnamese. told: the detail of the log's last entry about a purge; found: how
        many entries of purged numbers the log holds.
        """
        if not self.runs:
            return
        places = [1, *(one.last + 1 for one in self.runs)]
        fits = all(
            one.first == place and len(self._hashes(one)) == SIZE * (one.last - one.first + 1)
            for one, place in zip(self.runs, places, strict=False)
        )
        if not fits or told.get("last") != self.last or told.get("stubs") != self.digest():
            yield f"Mã băm giữ lại của phần đã thanh lý (đến mục số {self.last}) khác với lúc thanh lý."
        if found != self.left:
            yield f"Phần đã thanh lý phải còn {self.left} mục, nay có {found} mục."

    def _hashes(self, run: PurgedRun) -> bytes:
        if self._read[0] != run.last:
            self._read = (run.last, bytes(Purge.objects.values_list("hashes", flat=True).get(last=run.last)))
        return self._read[1]
