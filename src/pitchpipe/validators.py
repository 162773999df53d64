"""What validators are made of: where the words of each format are, places, and rows to drop.

For validators of other distributions; those that come with Pitchpipe are made of the same.
"""

from __future__ import annotations

from pitchpipe.default_plugins.validators._fields import (
    FormatAware,
    answers,
    as_text,
    hollow,
    questions,
)
from pitchpipe.default_plugins.validators._places import Places, lowest, rows, shortened, unit_of
from pitchpipe.default_plugins.validators.duplicate_rows import DropLines

__all__ = [
    "DropLines",
    "FormatAware",
    "Places",
    "answers",
    "as_text",
    "hollow",
    "lowest",
    "questions",
    "rows",
    "shortened",
    "unit_of",
]
