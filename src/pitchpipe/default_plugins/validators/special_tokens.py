"""Whether text spells the tokens that models are steered by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._flagging import (
    Flagged,
    Flagging,
    finding,
    flag_cells,
    strings_of,
)
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope

_TOKEN = re.compile(
    r"<\|(?:endoftext|endofprompt|fim_prefix|fim_middle|fim_suffix|im_start|im_end|im_sep"
    r"|start|end|message|channel|constrain|return|call|system|user|assistant)\|>"
)


@dataclass(frozen=True)
class SpecialTokens(Flagging):
    """Finds the spelling of special tokens such as ``<|endoftext|>`` inside text.

    A service either refuses them or splits them into ordinary tokens, which then mean nothing;
    where they do count, they end a text or change who speaks. The names are those of the encodings
    cl100k_base and o200k_base, and of the chat formats built on them.
    """

    scope: ClassVar[Scope] = "source"

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        text = text_of(chunk)
        columns = [column for column in self._columns(chunk) if "<|" in text.joined(column)]
        return flag_cells(chunk, columns, _fault) if columns else None

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            "special-tokens",
            Severity.WARNING,
            f"{rows(places.count)} with the spelling of a special token",
            "text without them; the service puts them where they belong",
        )


def _fault(cell: Any) -> object:
    return next((found[0] for text in strings_of(cell) if (found := _TOKEN.search(text))), None)
