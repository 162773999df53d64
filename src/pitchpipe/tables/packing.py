"""Compressed files."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

Stream = IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile


@dataclass(frozen=True)
class Packing:
    """A way to compress a file.

    Attributes:
        label: what it is called in messages.
        magic: the bytes that its files begin with.
        opened: opens a file to read what is inside.
    """

    label: str
    magic: bytes
    opened: Callable[[Path], Stream]


PACKINGS: Mapping[str, Packing] = {
    ".gz": Packing("gzip", b"\x1f\x8b", gzip.open),
    ".bz2": Packing("bzip2", b"BZh", bz2.open),
    ".xz": Packing("xz", b"\xfd7zXZ\0", lzma.open),
}
"""Compressed files by the ending of their names."""

_BZ2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")


def packing_of(head: bytes) -> str | None:
    """The ending of the names of files that begin so, in ``PACKINGS``; None for any other file."""
    found = next((end for end, p in PACKINGS.items() if head.startswith(p.magic)), None)
    # three letters may begin a text; bzip2 has more to show
    return None if found == ".bz2" and head[4:10] not in _BZ2_BLOCKS else found
