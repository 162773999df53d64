"""Conversations, looked over once for all rules about them."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any, ClassVar, Literal

import pandas as pd

from pitchpipe.default_plugins.validators._fields import (
    INPUT,
    MESSAGES,
    OUTPUTS,
    TOOLS,
    FormatAware,
    cells,
    is_empty,
)
from pitchpipe.default_plugins.validators._places import SHOWN, Places, shortened, unit_of
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.default_plugins.validators._tools import (
    FUNCTION,
    Fault,
    faults_of_calls,
    faults_of_tools,
)
from pitchpipe.records import Finding, Fix, Severity

PARTS: Mapping[str, tuple[str, ...]] = {
    "system": ("text",),
    "developer": ("text",),
    "user": ("text", "image_url", "input_audio", "file"),
    "assistant": ("text", "refusal"),
    "tool": ("text",),
    "function": (),
}
"""Who speaks, as the API's specification has it, and in which kinds of content parts."""

KEYS = (
    "role",
    "content",
    "name",
    "weight",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "refusal",
    "audio",
)
"""What a message may hold, as the API's specification has it."""

Part = Literal["learnt", "asked", "given", "output"]
"""What a conversation is there for: to be learnt, or for reinforcement to be answered; or to be
answered by either of two outputs, or one of these."""

_KEYS = frozenset(KEYS)
_INSTEAD_OF_CONTENT = ("tool_calls", "function_call", "refusal", "audio")
_CALLING = frozenset({"tool_calls", "function_call"})
_DETAILS = (None, "auto", "low", "high")
_SOUNDS = ("wav", "mp3")
_PLAIN = frozenset({"system", "developer", "user", "assistant"})
# the specification says nothing of it; as refusals of the API have it, see docs/reference/facts.md
_SPEAKER = re.compile(r"[^\s<|\\/>]{1,64}")

_role, _content, _last = itemgetter("role"), itemgetter("content"), itemgetter(-1)


@dataclass(frozen=True)
class Tally:
    """How often something was found.

    Attributes:
        places: in which rows.
        times: how often, counting each time in a row.
    """

    places: Places
    times: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.places + other.places, self.times + other.times)


Tallies = Mapping[str, Tally]
"""What was found, by the kind of fault."""


class TalkRule(FormatAware[Tallies]):
    """A rule about conversations, whose faults are found together with those of the others."""

    kinds: ClassVar[tuple[str, ...]]
    """The kinds of fault that it finds."""

    def start(self) -> Tallies:
        """Nothing."""
        return {}

    def observe(self, state: Tallies, chunk: pd.DataFrame) -> Tallies:
        """Adds what is found in the chunk."""
        found = self._found(chunk)
        return self.merge(state, {kind: found[kind] for kind in self.kinds if kind in found})

    def merge(self, a: Tallies, b: Tallies) -> Tallies:
        """What is found in both."""
        return {**a, **{kind: a[kind] + tally if kind in a else tally for kind, tally in b.items()}}

    def conclude(self, state: Tallies) -> Sequence[Finding]:
        """A finding for each kind of fault."""
        return [self._finding(kind, state[kind]) for kind in self.kinds if kind in state]

    @abstractmethod
    def _finding(self, kind: str, tally: Tally) -> Finding:
        """What there is to say of one kind of fault."""

    def _found(self, chunk: pd.DataFrame) -> Tallies:
        method = self._training.method
        if self._contract.format == "preference":
            return text_of(chunk).once("talks", "pairs", lambda: _of_pairs(chunk))
        if self._contract.format == "completion" or MESSAGES not in chunk.columns:
            return {}
        part: Part = "asked" if method == "reinforcement" else "learnt"
        return text_of(chunk).once("talks", part, lambda: _of_chats(chunk, part))


def finding(
    rule: str,
    tally: Tally,
    message: str,
    expected: str,
    fix: Fix | None = None,
    severity: Severity = Severity.ERROR,
) -> Finding:
    """A finding of one kind of fault."""
    places = tally.places
    return Finding(
        rule,
        severity,
        message,
        places.count,
        places.lines,
        places.unit,
        expected,
        places.example,
        fix=fix,
    )


def lessons(messages: Any) -> int | None:
    """Up to which message of a conversation there is something to learn.

    Returns:
        How many messages there are with the last of the model's, 0 if none of these is to be
        learnt, and None if it is no conversation.
    """
    if not is_talk(messages):
        return None
    said = [at for at, one in enumerate(messages) if one["role"] == "assistant"]
    learnt = any(as_weight(messages[at].get("weight")) != 0 for at in said)
    return said[-1] + 1 if learnt else 0


def as_weight(weight: Any) -> float | None:
    """The number 0 or 1 that a weight is, or is another spelling of; None for anything else."""
    if isinstance(weight, bool) or weight in ("0", "1"):
        return int(weight)
    return weight if isinstance(weight, int | float) and weight in (0, 1) else None


def is_talk(messages: Any) -> bool:
    """Whether something is a list of at least one message, all with a role."""
    if not isinstance(messages, list):
        return False
    for one in messages:
        if not isinstance(one, dict) or not isinstance(one.get("role"), str):
            return False
    return bool(messages)


def with_cells(
    chunk: pd.DataFrame, columns: Iterable[str], change: Callable[[Any], Any]
) -> pd.DataFrame:
    """A chunk with the cells of those columns changed that there are, as a copy."""
    changed = {
        column: pd.Series(list(map(change, cells(chunk, column))), chunk.index, dtype=object)
        for column in columns
        if column in chunk.columns
    }
    return chunk.assign(**changed)


def _of_chats(chunk: pd.DataFrame, part: Part) -> Tallies:
    talks, tools = cells(chunk, MESSAGES), [cells(chunk, key) for key in TOOLS]
    bare = all(set(map(type, column)) <= {type(None)} for column in tools)
    end = "assistant" if part == "learnt" else "user"
    if bare and _are_plain(talks, end):
        return {}
    rows = zip(talks, zip(*tools, strict=True), strict=True)
    return _tallied(
        chunk,
        (() if bare and _is_plain(talk, end) else _of_chat(talk, own, part) for talk, own in rows),
    )


def _of_chat(messages: Any, tools: Sequence[Any], part: Part) -> Iterator[Fault]:
    declared = dict(zip(TOOLS, tools, strict=True))
    if not is_empty(messages):
        yield from _of_talk(messages, declared, part)
    yield from faults_of_tools(declared)


def _of_pairs(chunk: pd.DataFrame) -> Tallies:
    rows = zip(*(cells(chunk, column) for column in (INPUT, *OUTPUTS)), strict=True)
    return _tallied(chunk, (() if _is_plain_pair(*row) else _of_pair(*row) for row in rows))


def _of_pair(given: Any, *outputs: Any) -> Iterator[Fault]:
    if isinstance(given, list):
        given = {MESSAGES: given}
    declared = given if isinstance(given, dict) else {}
    if declared:
        yield from _of_talk(declared.get(MESSAGES), declared, "given")
        yield from faults_of_tools(declared)
    for output in outputs:
        if isinstance(output, list) and output:
            yield from _of_talk(output, declared, "output")


def _is_plain_pair(given: Any, *outputs: Any) -> bool:
    return (
        type(given) is dict
        and len(given) == 1
        and _is_plain(given.get(MESSAGES), "user")
        and all(_is_plain(output, "assistant") for output in outputs)
    )


def _are_plain(talks: list[Any], end: str) -> bool:
    """Whether nothing is at fault, all messages being a role and a text, the last by ``end``."""
    if set(map(type, talks)) != {list} or not all(talks):
        return False
    messages = list(chain.from_iterable(talks))
    if set(map(type, messages)) != {dict} or set(map(len, messages)) != {2}:
        return False
    try:
        roles = list(map(_role, messages))
        return (
            set(map(type, map(_content, messages))) == {str} == set(map(type, roles))
            and set(roles) <= _PLAIN
            and set(map(_role, map(_last, talks))) == {end}
        )
    except KeyError:
        return False


def _is_plain(messages: Any, end: str) -> bool:
    """The same of one conversation, the model's messages having weights perhaps."""
    role, counts = None, end != "assistant"
    for message in messages if type(messages) is list else ():
        if type(message) is not dict or type(message.get("content")) is not str:
            return False
        role, weight = message.get("role"), message.get("weight", 1)
        if type(role) is not str or role not in _PLAIN or type(weight) is not int:
            return False
        if role == "assistant":
            counts = counts or weight == 1
        if len(message) > 2 and (
            len(message) > 3
            or "weight" not in message
            or role != "assistant"
            or not 0 <= weight <= 1
        ):
            return False
    return counts and role == end


def _tallied(chunk: pd.DataFrame, rows: Iterable[Iterable[Fault]]) -> Tallies:
    unit = unit_of(chunk)
    first: dict[str, dict[int, str]] = {}
    count: dict[str, int] = {}
    times: dict[str, int] = {}
    for line, faults in zip(chunk.index, rows, strict=True):
        here: dict[str, object] = {}
        for kind, example in faults:
            times[kind] = times.get(kind, 0) + 1
            here.setdefault(kind, example)
        for kind, example in here.items():
            count[kind] = count.get(kind, 0) + 1
            if count[kind] <= SHOWN:
                first.setdefault(kind, {})[int(line)] = shortened(example)
    return {
        kind: Tally(Places(count[kind], tuple(first[kind].items()), unit), times[kind])
        for kind in count
    }


def _of_talk(messages: Any, declared: Mapping[str, Any], part: Part) -> Iterator[Fault]:
    if not is_talk(messages):
        yield "no messages", messages
        return
    called = False
    for message in messages:
        role = message["role"]
        if len(message) > 2 or role not in _PLAIN or type(message.get("content")) is not str:
            yield from _of_message(message, role)
            called = called or role == "tool" or not _CALLING.isdisjoint(message)
    if called:
        yield from faults_of_calls(messages, declared, goes_on=part == "given")
    if part == "asked" and messages[-1]["role"] != "user":
        yield "not asked", messages[-1]
    if part == "learnt" and (messages[-1]["role"] != "assistant" or "weight" in messages[-1]):
        end = lessons(messages)
        if not end:
            yield "nothing to learn", [message["role"] for message in messages]
        elif end < len(messages):
            yield "no last word", messages[-1]


def _of_message(message: Mapping[str, Any], role: str) -> Iterator[Fault]:
    if role not in PARTS:
        yield "unknown role", role
    if not message.keys() <= _KEYS:
        yield "unknown key", next(key for key in message if key not in _KEYS)
    if type(message.get("content")) is not str:
        yield from _of_content(message, role)
    weight, name = message.get("weight"), message.get("name")
    if weight is not None:
        meant = as_weight(weight)
        if role == "assistant" and meant is None:
            yield "odd weight", weight
        elif role != "assistant" or type(weight) not in (int, float):
            yield "stray weight", message
    if role == "function" or name is not None:
        pattern = FUNCTION if role == "function" else _SPEAKER
        if not isinstance(name, str) or not pattern.fullmatch(name):
            yield "odd name", name


def _of_content(message: Mapping[str, Any], role: str) -> Iterator[Fault]:
    content, kinds = message.get("content"), PARTS.get(role, PARTS["user"])
    if content is None:
        instead = role == "assistant" and any(map(message.get, _INSTEAD_OF_CONTENT))
        if not instead and not (role == "function" and "content" in message):
            yield "no content", message
    elif isinstance(content, list) and content and kinds:
        for part in content:
            if not _is_part(part, kinds):
                yield "odd part", part
            elif part["type"] == "image_url":
                yield "image", part["image_url"]["url"]
            elif part["type"] == "refusal" and len(content) > 1:
                yield "odd part", content
    elif not isinstance(content, str):
        yield "odd content", content


def _is_part(part: Any, kinds: Sequence[str]) -> bool:
    if not isinstance(part, dict) or part.get("type") not in kinds:
        return False
    held = part.get(part["type"])
    if part["type"] in ("text", "refusal"):
        return isinstance(held, str)
    if not isinstance(held, dict):
        return False
    if part["type"] == "image_url":
        return isinstance(held.get("url"), str) and held.get("detail") in _DETAILS
    if part["type"] == "input_audio":
        return isinstance(held.get("data"), str) and held.get("format") in _SOUNDS
    return True
