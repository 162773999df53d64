"""Whether text holds what looks like a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._rewriting import Rewriting, around
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.records import FixLevel
from pitchpipe.redaction import KEY_KINDS, PLACEHOLDER, hide_keys, holds_key
from pitchpipe.stages import Scope

_NAMES = sorted({f"[{kind.name}]" for kind in KEY_KINDS})


@dataclass(frozen=True)
class SecretKeys(Rewriting):
    """Finds what looks like a key or a password token; a model that has seen it may tell it.

    The finding says where and of which kind, and never shows it.

    Attributes:
        level: whether a placeholder is written in their place on request, or only when this rule is
            named.
    """

    scope: ClassVar[Scope] = "source"
    rule: ClassVar[str] = "secret-keys"
    what: ClassVar[str] = "what looks like a key"
    expected: ClassVar[str] = (
        "no secrets in training data; take it out, and have it replaced where it is used"
    )
    remedy: ClassVar[str] = f"write {PLACEHOLDER} in its place in"

    level: FixLevel = "optional"

    @staticmethod
    def suspects(chunk: pd.DataFrame, column: str) -> bool:
        """Whether there is one."""
        return holds_key(text_of(chunk).joined(column))

    @staticmethod
    def excerpt(text: str) -> str | None:
        """The kind of the first, with its surroundings."""
        hidden = hide_keys(text, named=True)
        if hidden == text:
            return None
        start, name = min((hidden.find(name), name) for name in _NAMES if name in hidden)
        return around(hidden, start, start + len(name))

    @staticmethod
    def without(text: str) -> str:
        """The text without them."""
        return hide_keys(text)

    def _after(self, excerpt: str) -> str:
        for name in _NAMES:
            excerpt = excerpt.replace(name, PLACEHOLDER)
        return excerpt
