"""The offline service's tokens: what it counts, and the units that answers are made of."""

from __future__ import annotations

import re

_TOKEN = re.compile(r" ?\w+| ?[^\w\s]+|\s+(?!\S)|\s")


def tokenize(text: str) -> list[str]:
    """Cuts a text into words and runs of punctuation, each with the one space before it.

    Other white space is a token of its own. Nothing is lost: ``"".join(tokenize(text)) == text``.
    """
    return _TOKEN.findall(text)
