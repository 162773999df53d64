"""Whether text holds what looks like a key."""

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

_KINDS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (beginning, kind, re.compile(pattern))
    for beginning, kind, pattern in (
        ("sk-", "an API key", r"(?<![\w-])sk-[A-Za-z0-9_-]{20,}"),
        ("AKIA", "an AWS access key", r"(?<!\w)AKIA[0-9A-Z]{16}(?!\w)"),
        ("ASIA", "an AWS access key", r"(?<!\w)ASIA[0-9A-Z]{16}(?!\w)"),
        ("ghp_", "a GitHub token", r"(?<!\w)ghp_[A-Za-z0-9]{36}"),
        ("gho_", "a GitHub token", r"(?<!\w)gho_[A-Za-z0-9]{36}"),
        ("github_pat_", "a GitHub token", r"(?<!\w)github_pat_\w{22,}"),
        ("glpat-", "a GitLab token", r"(?<!\w)glpat-[\w-]{20,}"),
        ("xox", "a Slack token", r"(?<!\w)xox[abposr]-[\w-]{10,}"),
        ("AIza", "a Google API key", r"(?<!\w)AIza[\w-]{35}"),
        ("hf_", "a Hugging Face token", r"(?<!\w)hf_[A-Za-z0-9]{30,}"),
        ("eyJ", "a JSON web token", r"(?<!\w)eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
        ("-----BEGIN", "a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    )
)
"""For each kind of key, what every one of them holds, its name, and its whole shape."""


_SIGNS = tuple(
    (sign, tuple(word for word, _, _ in _KINDS if sign in word))
    for sign in ("_", "-", "A", "J", "x")
)
"""The beginnings again, by a sign that they hold; between them the signs are in all of them."""


@dataclass(frozen=True)
class SecretKeys(Flagging):
    """Finds what looks like a key or a password token; a model that has seen it may tell it.

    The finding says where and of which kind, and never shows it.
    """

    scope: ClassVar[Scope] = "source"

    def _flagged(self, chunk: pd.DataFrame) -> Flagged | None:
        text = text_of(chunk)
        columns = [column for column in self._columns(chunk) if _may_hold_keys(text.joined(column))]
        return flag_cells(chunk, columns, _fault) if columns else None

    def _finding(self, places: Places) -> Finding:
        return finding(
            places,
            "secret-keys",
            Severity.WARNING,
            f"{rows(places.count)} with what looks like a key",
            "no secrets in training data; take it out, and have it replaced where it is used",
        )


def _may_hold_keys(text: str) -> bool:
    # a sign is looked for many times faster than a word
    return any(sign in text and any(word in text for word in words) for sign, words in _SIGNS)


def _fault(cell: Any) -> object:
    for text in strings_of(cell):
        for beginning, kind, shape in _KINDS:
            if beginning in text and shape.search(text):
                return kind
    return None
