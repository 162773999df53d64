"""Reads TOML; every text that is not TOML raises the same error."""

from __future__ import annotations

import tomllib
from typing import Any


def loads(text: str) -> dict[str, Any]:
    """The table that a TOML document is.

    Args:
        text: the document.

    Raises:
        tomllib.TOMLDecodeError: it is no TOML, is nested too deep, or holds an integer of more
            digits than Python reads; ``tomllib`` raises other errors for the last two.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("values are nested too deep") from None
    except ValueError as error:
        raise tomllib.TOMLDecodeError(f"a value cannot be read: {error}") from None
