"""Whether all rows are of one format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import (
    INPUT,
    MESSAGES,
    OUTPUTS,
    Bools,
    FormatAware,
)
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.records import COMPLETION, PROMPT, Finding, Severity
from pitchpipe.stages import Scope

KEYS: Mapping[str, tuple[str, ...]] = {
    "completion": (PROMPT, COMPLETION),
    "chat": (MESSAGES,),
    "preference": (INPUT, *OUTPUTS),
}
"""The columns that make a row a record of each format, where all of them hold something."""

_PERHAPS_NOTHING = {type(None), float}

Seen = Mapping[str, Places]
"""The rows of each format, and under "several" those that fit more than one."""


@dataclass(frozen=True)
class MixedFormats(FormatAware[Seen]):
    """Finds files that mix records of several formats, and records that fit two at once.

    With method reinforcement, records of messages may hold anything besides.
    """

    scope: ClassVar[Scope] = "table"
    severity: ClassVar[Severity] = Severity.ERROR

    def start(self) -> Seen:
        """No rows."""
        return {}

    def observe(self, state: Seen, chunk: pd.DataFrame) -> Seen:
        """Adds the chunk's rows."""
        fits = {
            name: _filled(chunk, keys)
            for name, keys in KEYS.items()
            if chunk.columns.isin(keys).sum() == len(keys)
        }
        if not fits:
            return state
        if self._training.method == "reinforcement" and "chat" in fits:
            chats = fits["chat"]
            fits = {name: hits if name == "chat" else hits & ~chats for name, hits in fits.items()}
        several = np.sum(list(fits.values()), axis=0) > 1
        seen = {name: Places.at(chunk, hits & ~several) for name, hits in fits.items()}
        return self.merge(state, {**seen, "several": Places.at(chunk, several)})

    def merge(self, a: Seen, b: Seen) -> Seen:
        """The rows of both."""
        both = {name: a.get(name, Places()) + b.get(name, Places()) for name in {*a, *b}}
        return {name: places for name, places in sorted(both.items()) if places.count}

    def conclude(self, state: Seen) -> Sequence[Finding]:
        """An error for the rows of two formats, and one for each format where there are several."""
        found = []
        several = state.get("several")
        if several:
            found.append(_error(several, f"{rows(several.count)} of two formats at once"))
        formats = {name: places for name, places in state.items() if name != "several"}
        if len(formats) > 1:
            most = max(formats, key=lambda name: (formats[name].count, name))
            found += [
                _error(places, f"{rows(places.count)} of format {name} among {most} records")
                for name, places in formats.items()
                if name != most
            ]
        return found


def _error(places: Places, message: str) -> Finding:
    return Finding(
        "mixed-formats",
        Severity.ERROR,
        message,
        count=places.count,
        lines=places.lines,
        unit=places.unit,
        expected="one format in a file; write the others to a file of their own",
    )


def _filled(chunk: pd.DataFrame, keys: Sequence[str]) -> Bools:
    filled = np.ones(len(chunk), dtype=np.bool_)
    for key in keys:
        if not text_of(chunk).kinds(key).isdisjoint(_PERHAPS_NOTHING):
            values = text_of(chunk).raw(key)
            filled &= np.array([cell is not None and cell == cell for cell in values])  # not NaN
    return filled
