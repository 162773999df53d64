"""Counting tokens exactly and without a network: the encodings come with the toktok package."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

DEFAULT_ENCODING = "o200k_base"
"""What tokens are counted in where the model's own encoding is not known."""

PER_MESSAGE = 3
"""Tokens around each message of a conversation: its beginning, its role and its end."""

PER_REPLY = 3
"""Tokens that begin a reply, once a conversation."""

PER_NAME = 1
"""Tokens that a speaker's name costs besides its words."""

_AS_JSON = frozenset({"tools", "tool_calls", "functions", "function_call"})
_WITHOUT_WORDS = frozenset({"type", "image_url", "input_audio", "file"})


def count(texts: Sequence[str], encoding: str) -> list[int]:
    """How many tokens each of some texts has.

    Special tokens that a text spells count as ordinary text. No text has more tokens than bytes in
    UTF-8.

    Args:
        texts: any texts; half a surrogate pair counts as the replacement character.
        encoding: ``cl100k_base`` or ``o200k_base``.
    """
    import toktok

    try:
        counts: list[int] = toktok.batch_count(texts, encoding)
    except UnicodeEncodeError:
        whole = [text.encode("utf-8", "replace").decode() for text in texts]
        counts = toktok.batch_count(whole, encoding)
    return counts


def count_records(records: Sequence[Mapping[str, Any]], encoding: str) -> list[int]:
    """How many tokens each of some records has.

    A prompt and its completion are one text. For conversations it is the rule that the vendor
    published with its guide to counting: for each message its role, its content and its name, and a
    few tokens around it. Tool calls and tools count as JSON, which comes near. Images, sound and
    files have no words: what they cost is left out.
    """
    parts: list[str] = []
    ends: list[int] = []
    extras: list[int] = []
    for record in records:
        extras.append(_gather_record(record, parts))
        ends.append(len(parts))
    counts = count(parts, encoding)
    starts = [0, *ends][:-1]
    return [
        sum(counts[start:end]) + extra
        for start, end, extra in zip(starts, ends, extras, strict=True)
    ]


def bytes_of(record: Mapping[str, Any]) -> int:
    """What ``count_records`` certainly does not exceed."""
    parts: list[str] = []
    extra = _gather_record(record, parts)
    return extra + sum(len(part.encode("utf-8", "replace")) for part in parts)


def _gather_record(record: Mapping[str, Any], parts: list[str]) -> int:
    prompt, completion = record.get("prompt"), record.get("completion")
    if isinstance(prompt, str) and isinstance(completion, str):
        parts.append(prompt + completion)
        return 0
    return _gather(record, parts)


def _gather(value: Any, parts: list[str]) -> int:
    if isinstance(value, str):
        parts.append(value)
        return 0
    if not isinstance(value, Mapping):
        return sum(_gather(item, parts) for item in value) if isinstance(value, list) else 0
    extra = 0
    for key, item in value.items():
        if key == "messages" and isinstance(item, list):
            extra += PER_REPLY + PER_MESSAGE * len(item)
        if key == "name" and isinstance(item, str):
            extra += PER_NAME
        if key in _AS_JSON:
            parts.append(_json(item))
        elif key not in _WITHOUT_WORDS:
            extra += _gather(item, parts)
    return extra


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
