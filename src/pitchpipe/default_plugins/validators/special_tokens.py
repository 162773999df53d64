"""Whether text spells the tokens that models are steered by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._rewriting import Rewriting, around
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.records import FixLevel
from pitchpipe.redaction import hide_keys
from pitchpipe.stages import Scope

_TOKEN = re.compile(
    r"<\|(?:endoftext|endofprompt|fim_prefix|fim_middle|fim_suffix|im_start|im_end|im_sep"
    r"|start|end|message|channel|constrain|return|call|system|user|assistant"
    r"|startoftext|begin_of_text|end_of_text|start_header_id|end_header_id|eot_id|eom_id)\|>"
)


@dataclass(frozen=True)
class SpecialTokens(Rewriting):
    """Finds the spelling of special tokens such as ``<|endoftext|>`` inside text.

    A service either refuses them or splits them into ordinary tokens, which then mean nothing;
    where they do count, they end a text or change who speaks. The names are those of the encodings
    cl100k_base and o200k_base, of the chat formats built on them, and of open models that are
    served by the same API.

    Attributes:
        level: whether they are taken out on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    rule: ClassVar[str] = "special-tokens"
    what: ClassVar[str] = "the spelling of a special token"
    expected: ClassVar[str] = "text without them; the service puts them where they belong"
    remedy: ClassVar[str] = "take it out of"

    level: FixLevel = "optional"

    @staticmethod
    def suspects(chunk: pd.DataFrame, column: str) -> bool:
        """Whether one may begin."""
        text = text_of(chunk).joined(column)
        return "|" in text and "<" in text and "<|" in text

    @staticmethod
    def excerpt(text: str) -> str | None:
        """The first of them, with its surroundings."""
        text = hide_keys(text) if "<|" in text else ""
        found = _TOKEN.search(text)
        return around(text, *found.span()) if found else None

    @staticmethod
    def without(text: str) -> str:
        """The text without them, also without those that were wrapped around others."""
        while "<|" in text and (left := _TOKEN.sub("", text)) != text:
            text = left
        return text
