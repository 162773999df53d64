"""Keeping secrets out of messages, logs and recordings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

PLACEHOLDER = "[redacted]"

SECRETS = re.compile(
    r"\b(?:sk|pk|rk|sess)-[\w*.-]{3,}"  # keys by their usual beginnings, also half masked
    r"|\b(?:[Bb]earer|[Bb]asic)\s+[\w.~+/=*-]{6,}"
    r"|(?<![\w.-])[\w.-]*\*{3,}[\w.-]*"  # what a service masks when it quotes a key
)
"""What a secret looks like, whoever issued it."""

_KEY_VARIABLES = (
    "OPENAI_API_KEY",
    "OPENAI_ADMIN_KEY",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_AD_TOKEN",
)


@dataclass(frozen=True)
class KeyKind:
    """A kind of key that can be told by its shape.

    Attributes:
        name: what it is called.
        before: what stands before the sign, as a pattern of fixed width.
        sign: one character of the key, so that it can be looked for fast.
        after: the rest of the key, as a pattern.
    """

    name: str
    before: str
    sign: str
    after: str

    @property
    def whole(self) -> re.Pattern[str]:
        """The pattern of such a key."""
        return re.compile(f"{self.before}{self.sign}{self.after}", re.ASCII)


KEY_KINDS = (
    KeyKind("an API key", r"(?<![\w-])sk", "-", r"(?=[\w-]*\d)[\w-]{20,}"),
    KeyKind("a GitLab token", r"(?<!\w)glpat", "-", r"[\w-]{20,}"),
    KeyKind("a PyPI token", r"(?<!\w)pypi", "-", r"[\w-]{50,}"),
    KeyKind("a Slack token", r"(?<!\w)xox[abposr]", "-", r"[\w-]{10,}"),
    KeyKind(
        "a private key",
        "----",
        "-",
        r"BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[\s\S]{0,8000}?-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|(?:\s*[\w+/=]{16,})*)",
    ),
    KeyKind("a GitHub token", r"(?<!\w)gh[opsur]", "_", r"[A-Za-z0-9]{36}"),
    KeyKind("a GitHub token", r"(?<!\w)github_pat", "_", r"\w{22,}"),
    KeyKind("a Hugging Face token", r"(?<!\w)hf", "_", r"[A-Za-z0-9]{30,}"),
    KeyKind("an npm token", r"(?<!\w)npm", "_", r"[A-Za-z0-9]{36}"),
    KeyKind("a Stripe key", r"(?<!\w)[sr]k_live", "_", r"[A-Za-z0-9]{16,}"),
    KeyKind("an AWS access key", r"(?<!\w)", "A", r"[KS]IA[0-9A-Z]{16}(?!\w)"),
    KeyKind("a Google API key", r"(?<!\w)", "A", r"Iza[\w-]{35}"),
    KeyKind("a JSON web token", r"(?<!\w)ey", "J", r"[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    KeyKind("a bearer token", r"(?<!\w)", "B", r"earer\s+(?=[\w.~+/-]*\d)[\w.~+/-]{20,}=*"),
)
"""Keys that their issuers give a shape of their own, so that ordinary text has none by chance."""

_WHOLE = tuple((kind.name, kind.sign, kind.whole) for kind in KEY_KINDS)
_BY_SIGN = tuple(
    (
        sign,
        re.compile(
            f"{sign}(?:"
            + "|".join(
                f"(?<={kind.before}{sign}){kind.after}" for kind in KEY_KINDS if kind.sign == sign
            )
            + ")",
            re.ASCII,
        ),
    )
    for sign in sorted({kind.sign for kind in KEY_KINDS})
)


def holds_key(text: str) -> bool:
    """Whether there is a key in a text, which may be a very long one."""
    # one sign is looked for many times faster than a pattern that begins with anything else
    return any(sign in text and pattern.search(text) for sign, pattern in _BY_SIGN)


def hide_keys(text: str, named: bool = False) -> str:
    """The text with every key taken out, and a placeholder or the kind of key in its place."""
    while holds_key(text):  # what stood behind a key may be one by itself
        for name, sign, pattern in _WHOLE:
            if sign in text:
                text = pattern.sub(f"[{name}]" if named else PLACEHOLDER, text)
    return text


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
