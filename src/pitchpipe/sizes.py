"""Numbers of bytes, as people write and read them."""

from __future__ import annotations

import re

_UNITS = ("", "K", "M", "G", "T")
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)


def parse_size(text: str) -> int:
    """The bytes in a size such as ``2GB``, ``500 MB``, ``1.5GiB`` or ``1000000``.

    Args:
        text: KB, MB, GB and TB count in thousands; KiB, MiB, GiB and TiB in steps of 1024.

    Raises:
        ValueError: it is no size, or not above zero; says what was expected.
    """
    found = _SIZE.fullmatch(text.strip())
    size = 0
    if found and (found[2] or not found[3]):
        step = 1024 if found[3] else 1000
        size = int(float(found[1]) * step ** _UNITS.index(found[2].upper()))
    if size < 1:
        raise ValueError(
            f"{text!r} is not a size. Expected a number above zero and a unit, such as 2GB or "
            "500MB; correct it."
        )
    return size


def shown_size(size: int) -> str:
    """Bytes in the largest unit that suits them: ``2.5 GB``."""
    unit = 0
    scaled = float(size)
    while scaled >= 999.95 and unit < len(_UNITS) - 1:
        scaled /= 1000
        unit += 1
    return f"{scaled:.3g} {_UNITS[unit]}B" if unit else f"{size} bytes"
