"""Reading an uploaded JSONL file of training records, as strictly as the hosted service does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from pitchpipe.formats.conversations import (
    OUTPUTS,
    faults_of_chat,
    faults_of_preference,
    is_plain,
    is_plain_preference,
)
from pitchpipe.formats.faults import SAYINGS, RecordFault
from pitchpipe.formats.kinds import CHAT_KEYS
from pitchpipe.records import MIN_EXAMPLES, Format
from pitchpipe.service import json_text
from pitchpipe.service.http import JSON

Shape = Format | Literal["reinforcement"]
"""What a record must look like: for reinforcement a conversation that the user said the last word
in, and any fields for graders besides."""

Check = Callable[[JSON], str | None]

_TAKEN = frozenset({"image", "blank answer", "blank turn", "same answers"})
"""Kinds of faults that are taken all the same: they teach little, and break nothing."""

_SHOWN = 60
_KEYS: dict[Format, frozenset[str]] = {
    "completion": frozenset({"prompt", "completion"}),
    "chat": CHAT_KEYS,
    "preference": frozenset({"input", *OUTPUTS}),
}
_TOOLS = _KEYS["chat"] - {"messages"}
_REQUIRED: dict[Format, tuple[str, ...]] = {
    "completion": ("prompt", "completion"),
    "chat": ("messages",),
    "preference": ("input", *OUTPUTS),
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
                _check_chat(record, "asked")
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
        record = json_text.parse_exactly(line.decode())
    except UnicodeDecodeError:
        raise _BadRowError("not UTF-8.") from None
    except json_text.JsonError as error:
        raise _BadRowError(f"not JSON ({error}); expected one JSON object a line.") from None
    if not isinstance(record, dict):
        raise _BadRowError("expected a JSON object.")
    if b"\\ud" in line.lower() and not _is_unicode(record):
        raise _BadRowError("holds half of a surrogate pair, which is no character.")
    return record


def _is_unicode(record: JSON) -> bool:
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


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
        _check_chat(record, "learnt")
    else:
        _check_preference(record)


def _check_completion(record: JSON) -> None:
    for key in ("prompt", "completion"):
        if not isinstance(record[key], str):
            raise _BadRowError(f"'{key}' must be a string.")
    if not record["completion"]:
        raise _BadRowError("'completion' is empty.")


def _check_preference(record: JSON) -> None:
    given, *outputs = (record[key] for key in _REQUIRED["preference"])
    if is_plain_preference(given, *outputs):
        return
    if not isinstance(given, dict):
        raise _BadRowError("'input' must be an object with 'messages'.")
    _refuse(faults_of_preference(given, *outputs))


def _check_chat(record: JSON, part: Literal["learnt", "asked"]) -> None:
    if "messages" not in record:
        raise _BadRowError("the key 'messages' is missing (expected the chat format).")
    end = "assistant" if part == "learnt" else "user"
    if record.keys().isdisjoint(_TOOLS) and is_plain(record["messages"], end):
        return
    _refuse(faults_of_chat(record["messages"], record, part))


def _refuse(faults: Iterable[RecordFault]) -> None:
    """Refuses a record with faults, by the first."""
    for fault in faults:
        if fault.kind not in _TAKEN:
            found = repr(fault.example)
            found = found if len(found) <= _SHOWN else found[: _SHOWN - 3] + "..."
            saying = SAYINGS[fault.kind]
            raise _BadRowError(
                saying.refusal.format(where=fault.where, expected=saying.expected, found=found)
            )
