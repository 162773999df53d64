"""Calls of tools in the text that a language model writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pitchpipe.calls import Call, calls_text, parse_calls
from pitchpipe.stages import Token

_LINE = "[{"
"""How the line begins that stands for calls where a template knows none: at the start of a line."""

_OPENING, _CLOSING = "<tool_call>", "</tool_call>"
"""What the templates of Hermes and Qwen put around a call."""

_MARKS = ("\n" + _LINE, "\n" + _OPENING, _OPENING)
"""Calls begin with one of these, or at the beginning of an answer with ``_LINE``."""

_TAGGED = re.compile(rf"\s*{_OPENING}(.*?){_CLOSING}\s*", re.DOTALL)


def calls_apart(tokens: Iterator[Token]) -> Iterator[Token]:
    """The tokens of an answer, those that call tools as such, behind the others.

    Text that may be the beginning of calls is held back until it is known whether it is.

    Args:
        tokens: of an answer to a conversation, all of them text.
    """
    held: list[Token] = []
    first, begun = True, False
    for token in tokens:
        held.append(token)
        if begun:
            continue
        text = "".join(each.text for each in held)
        begun = (first and text.startswith(_LINE)) or any(mark in text for mark in _MARKS)
        start = _start(text, first)
        while held and len(held[0].text) <= start:
            start -= len(held[0].text)
            first = first and not held[0].text
            yield held.pop(0)
    text = "".join(each.text for each in held)
    start = _start(text, first)
    calls = _calls(text[start:])
    yield from _called(held, start, calls) if calls else held


def _start(text: str, first: bool) -> int:
    """Where calls may begin, with the white space before them; the text's length if nowhere.

    Args:
        text: of an answer.
        first: whether it is its beginning.
    """
    found = [at for mark in _MARKS if (at := text.find(mark)) >= 0]
    if first and (text.startswith(_LINE) or _LINE.startswith(text)):
        return 0
    for mark in _MARKS:
        found += [len(text) - n for n in range(1, len(mark)) if text.endswith(mark[:n])]
    return min(found, default=len(text))


def _calls(text: str) -> tuple[Call, ...] | None:
    """The calls that a text consists of; None if it is anything else."""
    if calls := parse_calls(text.strip()):
        return calls
    found: list[Call] = []
    place = 0
    while match := _TAGGED.match(text, place):
        try:
            written = json.loads(match[1])
        except (ValueError, RecursionError):
            return None
        if not isinstance(written, dict) or not isinstance(written.get("name"), str):
            return None
        found.append(Call.of(written["name"], written.get("arguments", {})))
        place = match.end()
    return tuple(found) if found and place == len(text) else None


def _called(held: list[Token], start: int, calls: tuple[Call, ...]) -> Iterator[Token]:
    """Text up to a place, then calls: as many tokens as were held, with their log probabilities."""
    line = calls_text(calls)
    for token in held:
        kept = token.text[:start]
        start -= len(kept)
        if kept:
            yield Token(kept, token.logprob, ((kept, token.logprob),))
        else:
            yield Token(line, token.logprob, ((line, token.logprob),), "calls")
            line = ""
