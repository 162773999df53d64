"""Reading an uploaded JSONL file of training records, as strictly as the hosted service does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

from pitchpipe.records import MIN_EXAMPLES, Format
from pitchpipe.service.http import JSON

Shape = Format | Literal["reinforcement"]
"""What a record must look like: for reinforcement a conversation that the user said the last word
in, and any fields for graders besides."""

Check = Callable[[JSON], str | None]

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_KEYS: dict[Format, frozenset[str]] = {
    "completion": frozenset({"prompt", "completion"}),
    "chat": frozenset({"messages", "tools", "parallel_tool_calls", "functions"}),
    "preference": frozenset({"input", "preferred_output", "non_preferred_output"}),
}
_REQUIRED: dict[Format, tuple[str, ...]] = {
    "completion": ("prompt", "completion"),
    "chat": ("messages",),
    "preference": ("input", "preferred_output", "non_preferred_output"),
}


class JobError(Exception):
    """A reason for a job to fail.

    Attributes:
        code: the reason for a program.
        message: the reason for a person, with the line where there is one.
        param: the parameter at fault.
    """

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param

    def to_json(self) -> JSON:
        """The job's ``error``."""
        return {"code": self.code, "message": self.message, "param": self.param}


class _BadRowError(Exception):
    pass


def read(
    content: bytes,
    shape: Shape,
    param: str,
    check: Check | None = None,
) -> list[JSON]:
    """The records of a file.

    Args:
        content: the file.
        shape: what the model and the method want.
        param: the job's parameter that names the file.
        check: tells why a record that is well formed cannot be trained on, None if it can.

    Raises:
        JobError: the file cannot be trained on; names the first bad line.
    """
    records = []
    for number, line in _lines(content):
        try:
            record = _parse(line)
            if shape == "reinforcement":
                _check_asked(record)
            else:
                _check(record, shape)
            if check and (reason := check(record)):
                raise _BadRowError(reason)
        except _BadRowError as error:
            raise _failure(param, f"line {number}: {error}") from None
        records.append(record)
    least = MIN_EXAMPLES if param == "training_file" else 1
    if len(records) < least:
        kind = param.removesuffix("_file").capitalize()
        raise _failure(
            param,
            f"{kind} file has {len(records)} example(s), but must have at least {least} examples.",
        )
    return records


def _failure(param: str, message: str) -> JobError:
    prefix = "" if message[0].isupper() else "The file is invalid at "
    return JobError(f"invalid_{param}", prefix + message, param)


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield number, line


def _parse(line: bytes) -> JSON:
    try:
        record = json.loads(line.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise _BadRowError("not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise _BadRowError(
            f"not JSON ({error.msg} at column {error.colno}); expected one JSON object a line."
        ) from None
    except (ValueError, RecursionError):
        raise _BadRowError("not JSON: a number or the nesting is beyond bounds.") from None
    if not isinstance(record, dict):
        raise _BadRowError("expected a JSON object.")
    return record


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check(record: JSON, form: Format) -> None:
    for other, keys in _REQUIRED.items():
        if other != form and all(key in record for key in keys):
            raise _BadRowError(
                f"the example is in the {other} format, but the model and the method "
                f"expect the {form} format."
            )
    for key in _REQUIRED[form]:
        if key not in record:
            raise _BadRowError(f"the key '{key}' is missing (expected the {form} format).")
    for key in record:
        if key not in _KEYS[form]:
            raise _BadRowError(f"unexpected key '{key}' (expected the {form} format).")
    if form == "completion":
        _check_completion(record)
    elif form == "chat":
        _check_messages(record["messages"], "messages")
        _check_trained(record["messages"])
    else:
        _check_preference(record)


def _check_completion(record: JSON) -> None:
    for key in ("prompt", "completion"):
        if not isinstance(record[key], str):
            raise _BadRowError(f"'{key}' must be a string.")
    if not record["completion"]:
        raise _BadRowError("'completion' is empty.")


def _check_preference(record: JSON) -> None:
    given = record["input"]
    if not isinstance(given, dict):
        raise _BadRowError("'input' must be an object with 'messages'.")
    _check_messages(given.get("messages"), "input.messages")
    for key in ("preferred_output", "non_preferred_output"):
        _check_messages(record[key], key)
        if any(message["role"] != "assistant" for message in record[key]):
            raise _BadRowError(f"'{key}' must hold messages of the assistant only.")


def _check_messages(messages: Any, name: str) -> None:
    if not isinstance(messages, list) or not messages:
        raise _BadRowError(f"'{name}' must be a list of at least one message.")
    for place, message in enumerate(messages):
        where = f"{name}[{place}]"
        if not isinstance(message, dict):
            raise _BadRowError(f"'{where}' must be an object.")
        role = message.get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise _BadRowError(f"'{where}.role' must be one of {', '.join(sorted(_ROLES))}.")
        content = message.get("content")
        calls = message.get("tool_calls") or message.get("function_call")
        if content is None and role == "assistant" and (calls or message.get("refusal")):
            continue
        if not isinstance(content, str) and not _is_parts(content):
            raise _BadRowError(f"'{where}.content' must be a string or a list of parts.")
        weight = message.get("weight")
        if weight is not None and (role != "assistant" or weight not in (0, 1)):
            raise _BadRowError(f"'{where}.weight' must be 0 or 1, on assistant messages only.")


def _is_parts(content: Any) -> bool:
    return isinstance(content, list) and all(
        isinstance(part, dict) and isinstance(part.get("type"), str) for part in content
    )


def _check_asked(record: JSON) -> None:
    if "messages" not in record:
        raise _BadRowError("the key 'messages' is missing (expected the chat format).")
    _check_messages(record["messages"], "messages")
    if record["messages"][-1]["role"] != "user":
        raise _BadRowError(
            "the last message must be from the user; with the method 'reinforcement' the model "
            "answers it, and what is right is in a field of its own."
        )


def _check_trained(messages: list[JSON]) -> None:
    if messages[-1]["role"] != "assistant":
        raise _BadRowError("the last message must be from the assistant.")
    answers = (message for message in messages if message["role"] == "assistant")
    if all(message.get("weight") == 0 for message in answers):
        raise _BadRowError("at least one assistant message must have a weight of 1.")
