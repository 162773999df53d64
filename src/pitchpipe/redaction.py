"""Keeping secrets out of messages, logs and recordings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

PLACEHOLDER = "[redacted]"

SECRETS = re.compile(
    r"\b(?:sk|pk|rk|sess)-[\w*.-]{3,}"  # keys by their usual beginnings, also half masked
    r"|\b(?:[Bb]earer|[Bb]asic)\s+[\w.~+/=*-]{6,}"
    r"|[\w.-]*\*{3,}[\w.-]*"  # what a service masks when it quotes a key
)
"""What a secret looks like, whoever issued it."""

_KEY_VARIABLES = (
    "OPENAI_API_KEY",
    "OPENAI_ADMIN_KEY",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_AD_TOKEN",
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without anything that is, or looks like, a secret.

    Args:
        text: any text, such as a service's error message.
        secrets: further exact values to take out, besides the keys in the environment.
    """
    known = [*secrets, *(os.environ.get(name, "") for name in _KEY_VARIABLES)]
    for secret in known:
        if len(secret) >= 4:  # shorter values are placeholders, and parts of ordinary words
            text = text.replace(secret, PLACEHOLDER)
    return SECRETS.sub(PLACEHOLDER, text)
