"""A run's configuration as parameters, without secrets."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from pitchpipe.redaction import PLACEHOLDER, hide_keys, redact

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+(?=@)")


def parameters(config: Path) -> dict[str, str]:
    """The keys of a configuration file with their values; lists and tables are JSON.

    Args:
        config: a run's ``config.toml``.
    """
    tables = tomllib.loads(config.read_text("utf-8"))
    return {
        f"{section}.{key}": without_secrets(_text(value))
        for section, table in tables.items()
        for key, value in table.items()
    }


def without_secrets(text: str) -> str:
    """The text without keys, tokens and the credentials of URLs."""
    return redact(hide_keys(_CREDENTIALS.sub(PLACEHOLDER, text)))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
