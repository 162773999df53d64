"""Keeping secrets out of messages, logs and recordings."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pitchpipe.addresses import (
    PLACEHOLDER as PLACEHOLDER,
)
from pitchpipe.addresses import (
    hide_address,
    hide_in_urls,
    is_address_option,
    is_secret_option,
    plain_address,
    secrets_in,
)

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


_URL_VARIABLES = ("OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT")
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
_BEARER = re.compile(r"\b(?:[Bb]earer|[Bb]asic)\s+(?=[\w.~+/=-]*[\d=])[\w.~+/=-]{6,}")


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
    return SECRETS.sub(PLACEHOLDER, hide_in_urls(_without(text, secrets)))


def hide_credentials(text: str, secrets: Iterable[str] = ()) -> str:
    """As ``redact``, for text that quotes the user's data: rows of asterisks stay in it."""
    return hide_keys(_BEARER.sub(PLACEHOLDER, hide_in_urls(_without(text, secrets))))


def hide_in_tables(value: Any, *, compare: bool = False, name: str = "") -> Any:
    """A configuration's tables without credentials: those of URLs, and options named for them.

    Args:
        value: tables, lists and values.
        compare: leave those of services' URLs out altogether, so that with other credentials it is
            the same.
        name: what the value is called.
    """
    if isinstance(value, Mapping):
        return {
            key: hide_in_tables(inner, compare=compare, name=str(key))
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [hide_in_tables(inner, compare=compare, name=name) for inner in value]
    if not isinstance(value, str):
        return value
    if value and is_secret_option(name):
        return PLACEHOLDER
    if is_address_option(name):
        value = plain_address(value) if compare else hide_address(value)
    return hide_keys(_BEARER.sub(PLACEHOLDER, hide_in_urls(value)))


def hide_in_setting(setting: str) -> str:
    """As ``hide_in_tables``, for a ``KEY=VALUE`` of the command line."""
    key, equals, value = setting.partition("=")
    name = key.strip().rpartition(".")[2].strip("'\"")
    bare = value.strip().strip("'\"")
    hidden = hide_in_tables(bare, name=name)
    return setting if hidden == bare else f"{key}{equals}{hidden}"


def hidden_paths(value: Any, path: str = "") -> Iterator[str]:
    """The dotted paths of what ``hide_in_tables`` hid in tables that were read again."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from hidden_paths(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from hidden_paths(inner, path)
    elif isinstance(value, str) and PLACEHOLDER in value:
        yield path


class HidingFilter(logging.Filter):
    """Takes credentials out of log records.

    Args:
        secrets: exact values, besides what looks like a secret.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites the record; every record passes."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            return True  # logging tells of it
        hidden = hide_credentials(text, self._secrets)
        if hidden != text:
            record.msg, record.args = hidden, ()
        return True


@contextlib.contextmanager
def hiding_in_logs(names: Iterable[str], secrets: Iterable[str]) -> Iterator[None]:
    """Keeps secrets out of the logs of other packages, while the block runs.

    Args:
        names: the loggers that could quote them.
        secrets: exact values.
    """
    hiding = HidingFilter(secrets)
    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        logger.addFilter(hiding)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(hiding)


def _without(text: str, secrets: Iterable[str]) -> str:
    """A text without exact values: those given, and those that the environment holds."""
    environment = os.environ
    known = [*secrets, *(environment.get(name, "") for name in _KEY_VARIABLES)]
    proxies = (*_PROXY_VARIABLES, *map(str.upper, _PROXY_VARIABLES))
    for name in (*_URL_VARIABLES, *proxies):
        if "@" in environment.get(name, "") or "?" in environment.get(name, ""):
            known += secrets_in(environment[name])
    for secret in known:
        if len(secret) >= 4:  # shorter values are placeholders, and parts of ordinary words
            text = text.replace(secret, PLACEHOLDER)
    return text
