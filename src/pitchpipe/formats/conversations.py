"""Which conversations and preferences can be trained on: for `prepare` and the service alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pitchpipe.calls import calls_of, comparable_text
from pitchpipe.formats.faults import KEYS, ROLES, RecordFault
from pitchpipe.formats.tools import FUNCTION, faults_of_calls, faults_of_tools

PARTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(ROLES, ("text",)),
    "user": ("text", "image_url"),
    "assistant": ("text", "refusal"),
    "function": (),
}
"""In which kinds of content parts each role speaks."""

NULLABLE = frozenset({"refusal", "audio", "function_call"})
"""Keys that may be null in messages of the assistant, as the API's specification has it."""

Part = Literal["learnt", "asked", "given", "preferred", "other"]
"""What a conversation is there for: to be learnt, or for reinforcement to be answered; or to be
answered by either of two outputs, or one of these."""

OUTPUTS = ("preferred_output", "non_preferred_output")

_KEYS = frozenset(KEYS)
_INSTEAD_OF_CONTENT = ("tool_calls", "function_call", "refusal")
_CALLING = frozenset({"tool_calls", "function_call"})
_EMPTY: tuple[object, ...] = (None, "", [], {})
_DETAILS = (None, "auto", "low", "high")
_UNSUPPORTED = ("input_audio", "file")
_PLAIN = frozenset({"system", "developer", "user", "assistant"})
# the specification says nothing of it; as refusals of the API have it, see docs/reference/facts.md
_SPEAKER = re.compile(r"[^\s<|\\/>]{1,64}")


def faults_of_chat(
    messages: Any, declared: Mapping[str, Any], part: Literal["learnt", "asked"]
) -> Iterator[RecordFault]:
    """What is wrong with a chat record, or one for reinforcement.

    Args:
        messages: its messages.
        declared: where its tools are.
        part: whether it is learnt, or answered in training.
    """
    yield from faults_of_messages(messages, declared, part)
    yield from faults_of_tools(declared)


def faults_of_preference(
    given: Mapping[str, Any], better: Any, worse: Any
) -> Iterator[RecordFault]:
    """What is wrong with a preference.

    Each output is one message of the assistant, as the API's specification has it.
    """
    yield from faults_of_messages(given.get("messages"), given, "given", "input.messages")
    yield from faults_of_tools(given, "input.")
    parts: tuple[Part, Part] = ("preferred", "other")
    outputs = zip(OUTPUTS, (better, worse), parts, strict=True)
    found = [
        fault
        for name, output, part in outputs
        for fault in _faults_of_output(output, given, name, part)
    ]
    yield from found
    if not found and _answer(better[0]) == _answer(worse[0]):
        yield RecordFault("same answers", better, OUTPUTS[1])


def _faults_of_output(
    output: Any, declared: Mapping[str, Any], name: str, part: Part
) -> Iterator[RecordFault]:
    if not isinstance(output, list) or not output:
        yield RecordFault("odd output", output, name)
        return
    if len(output) > 1:
        yield RecordFault("several answers", output, name)
        return
    yield from faults_of_messages(output, declared, part, name)
    if is_conversation(output) and output[0]["role"] in ROLES and output[0]["role"] != "assistant":
        yield RecordFault("foreign answer", output, name)


def _answer(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a message says or does, whatever the ids of its calls and the parts of its text."""
    ours = ("role", "weight", *_CALLING)
    rest = {k: value for k, value in message.items() if k not in ours and value is not None}
    if isinstance(parts := rest.get("content"), list):
        texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
        said = [text for text in texts if isinstance(text, str)]
        rest["content"] = "".join(said) if len(said) == len(texts) else parts
    calls = calls_of(message)
    return {**rest, "calls": comparable_text(calls)} if calls else rest


def faults_of_messages(
    messages: Any, declared: Mapping[str, Any], part: Part, path: str = "messages"
) -> Iterator[RecordFault]:
    """What is wrong with a conversation.

    Args:
        messages: the conversation.
        declared: the tools that stand beside it.
        part: what it is there for.
        path: where it is in the record.
    """
    if not isinstance(messages, list) or not messages:
        yield RecordFault("no messages", messages, path)
        return
    for at, message in enumerate(messages):
        if not is_message(message):
            yield RecordFault("no message", message, f"{path}[{at}]")
            return
    called = False
    for at, message in enumerate(messages):
        role = message["role"]
        if len(message) > 2 or role not in _PLAIN or type(message.get("content")) is not str:
            yield from _faults_of_message(message, role, f"{path}[{at}]")
            called = called or role == "tool" or not _CALLING.isdisjoint(message)
    if called:
        yield from faults_of_calls(messages, declared, part == "given", path)
    last = len(messages) - 1
    if part == "asked" and messages[-1]["role"] != "user":
        yield RecordFault("not asked", messages[-1], f"{path}[{last}]")
    if part == "learnt":
        yield from _faults_of_lesson(messages, path)
    elif part == "preferred" and is_blank(messages[-1]):
        yield RecordFault("blank answer", messages[-1], f"{path}[{last}]")


def _faults_of_lesson(messages: Sequence[Mapping[str, Any]], path: str) -> Iterator[RecordFault]:
    end = learnable_length(messages)
    if not end:
        yield RecordFault("nothing to learn", [message["role"] for message in messages], path)
        return
    if end < len(messages):
        yield RecordFault("no last word", messages[-1], f"{path}[{len(messages) - 1}]")
    for at, message in enumerate(messages[:end]):
        if is_blank(message) and as_weight(message.get("weight")) != 0:
            kind = "blank answer" if at == end - 1 else "blank turn"
            yield RecordFault(kind, message, f"{path}[{at}].content")


def is_message(message: Any) -> bool:
    """Whether something is an object with a role."""
    return isinstance(message, dict) and isinstance(message.get("role"), str)


def is_conversation(messages: Any) -> bool:
    """Whether something is a list of at least one message, all with a role."""
    return isinstance(messages, list) and bool(messages) and all(map(is_message, messages))


def is_blank(message: Mapping[str, Any]) -> bool:
    """Whether the assistant says nothing but white space in a message, and does nothing either."""
    if message["role"] != "assistant" or any(map(message.get, _INSTEAD_OF_CONTENT)):
        return False
    content = message.get("content")
    if isinstance(content, list) and content:
        texts = [part.get("text") if isinstance(part, dict) else part for part in content]
        return all(isinstance(text, str) and not text.strip() for text in texts)
    return isinstance(content, str) and not content.strip()


def holds_nothing(key: str, value: Any) -> bool:
    """Whether a key of a message other than its role and content is there for nothing."""
    return key not in ("role", "content") and value in _EMPTY


def may_hold_nothing(key: str, value: Any, role: str) -> bool:
    """Whether the API takes a key that holds nothing from that role."""
    if key == "refusal" and value == "":
        return True
    return key in NULLABLE and value is None and role == "assistant"


def learnable_length(messages: Any) -> int | None:
    """Up to which message of a conversation there is something to learn.

    Returns:
        How many messages there are with the last of the assistant's, 0 if none of these is to be
        learnt, and None if it is no conversation.
    """
    if not is_conversation(messages):
        return None
    said = [at for at, one in enumerate(messages) if one["role"] == "assistant"]
    learnt = any(as_weight(messages[at].get("weight")) != 0 for at in said)
    return said[-1] + 1 if learnt else 0


def as_weight(weight: Any) -> int | None:
    """The number 0 or 1 that a weight is, or is another spelling of; None for anything else."""
    if isinstance(weight, str):
        return {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}.get(weight.lower())
    return int(weight) if isinstance(weight, int | float) and weight in (0, 1) else None


def is_plain(messages: Any, end: str) -> bool:
    """Whether a conversation is certainly without fault: roles, texts and weights, no more.

    Args:
        messages: the conversation.
        end: the role that the last message must have.
    """
    role, counts = None, end != "assistant"
    for message in messages if type(messages) is list else ():
        if type(message) is not dict or type(message.get("content")) is not str:
            return False
        role, weight = message.get("role"), message.get("weight", 1)
        if type(role) is not str or role not in _PLAIN or type(weight) is not int:
            return False
        if role == "assistant":
            counts = counts or weight == 1
            if not message["content"].strip():
                return False
        if len(message) > 2 and (
            len(message) > 3
            or "weight" not in message
            or role != "assistant"
            or not 0 <= weight <= 1
        ):
            return False
    return counts and role == end


def is_plain_preference(given: Any, better: Any, worse: Any) -> bool:
    """Whether a preference is certainly without fault: roles, texts and weights, no more."""
    return (
        type(given) is dict
        and len(given) == 1
        and is_plain(given.get("messages"), "user")
        and all(is_plain(output, "assistant") and len(output) == 1 for output in (better, worse))
        and better[0]["content"] != worse[0]["content"]
    )


def _faults_of_message(message: Mapping[str, Any], role: str, where: str) -> Iterator[RecordFault]:
    if role not in PARTS:
        yield RecordFault("unknown role", role, f"{where}.role")
    for key, value in message.items():
        if key not in _KEYS:
            yield RecordFault("unknown key", key, f"{where}.{key}")
            break
        if holds_nothing(key, value) and not may_hold_nothing(key, value, role):
            yield RecordFault("padding", value, f"{where}.{key}")
    if not isinstance(message.get("tool_call_id"), str | None):
        yield RecordFault("odd tool_call_id", message["tool_call_id"], f"{where}.tool_call_id")
    if message.get("audio") is not None:
        yield RecordFault("unsupported part", message["audio"], f"{where}.audio")
    if not isinstance(message.get("refusal"), str | None):
        yield RecordFault("odd content", message["refusal"], f"{where}.refusal")
    if type(message.get("content")) is not str:
        yield from _faults_of_content(message, role, f"{where}.content")
    weight, name = message.get("weight"), message.get("name")
    if weight is not None and (role != "assistant" or type(weight) is not int):
        is_spelling = role != "assistant" or as_weight(weight) is not None
        yield RecordFault(
            "stray weight" if is_spelling else "odd weight", weight, f"{where}.weight"
        )
    elif weight is not None and weight not in (0, 1):
        yield RecordFault("odd weight", weight, f"{where}.weight")
    if role == "function" or name is not None:
        pattern = FUNCTION if role == "function" else _SPEAKER
        if not isinstance(name, str) or not pattern.fullmatch(name):
            yield RecordFault("odd name", name, f"{where}.name")


def _faults_of_content(message: Mapping[str, Any], role: str, where: str) -> Iterator[RecordFault]:
    content, kinds = message.get("content"), PARTS.get(role, PARTS["user"])
    if content is None:
        instead = role == "assistant" and any(map(message.get, _INSTEAD_OF_CONTENT))
        if not instead and not (role == "function" and "content" in message):
            yield RecordFault("no content", message, where)
    elif isinstance(content, list) and content and kinds:
        for part in content:
            if isinstance(part, dict) and part.get("type") in _UNSUPPORTED and role == "user":
                yield RecordFault("unsupported part", part, where)
            elif not _is_part(part, kinds):
                yield RecordFault("odd part", part, where)
            elif part["type"] == "image_url":
                yield RecordFault("image", part["image_url"]["url"], where)
            elif part["type"] == "refusal" and len(content) > 1:
                yield RecordFault("odd part", content, where)
    elif not isinstance(content, str):
        yield RecordFault("odd content", content, where)


def _is_part(part: Any, kinds: Sequence[str]) -> bool:
    if not isinstance(part, dict) or part.get("type") not in kinds:
        return False
    held = part.get(part["type"])
    if part["type"] == "image_url":
        return (
            isinstance(held, dict)
            and isinstance(held.get("url"), str)
            and held.get("detail") in _DETAILS
        )
    return isinstance(held, str)
