"""Names in messages: all of a few, some of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def listed(names: Sequence[object], limit: int = 50, show: Callable[[object], str] = repr) -> str:
    """Names with commas between them; of many the first few, and how many more there are.

    Args:
        names: what to list.
        limit: how many are shown.
        show: how each is written, by default in quotes.
    """
    shown = ", ".join(map(show, names[:limit]))
    return f"{shown} and {len(names) - limit:,} more" if len(names) > limit else shown
