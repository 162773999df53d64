"""What `prepare` calls an error, the offline service refuses, and nothing else."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import openai
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pitchpipe import Pipeline, PluginHost
from pitchpipe.errors import DataError
from pitchpipe.records import TERMINAL_STATUSES, PreparedData, Severity
from pitchpipe.service.engine import examples
from pitchpipe.service.engine.examples import JobError
from pitchpipe.service.graders.grading import build

Shape = Literal["completion", "chat", "preference", "reinforcement"]
Record = dict[str, Any]


HOST = PluginHost(entry_points=False)
ROWS = 20
GRADER = {
    "type": "string_check",
    "name": "right",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
}
TRAINING: dict[Shape, dict[str, Any]] = {
    "completion": {"model": "babbage-002"},
    "chat": {"model": "gpt-4.1-mini-2025-04-14"},
    "preference": {"model": "gpt-4.1-mini-2025-04-14", "method": "dpo"},
    "reinforcement": {
        "model": "o4-mini-2025-04-16",
        "method": "reinforcement",
        "method_options": {"grader": GRADER},
    },
}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FUNCTION = {"name": "look", "description": "Looks.", "parameters": SCHEMA}
TOOL = {"type": "function", "function": FUNCTION}
STRICT = {**FUNCTION, "strict": True, "parameters": {**SCHEMA, "additionalProperties": False}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def user(text: Any = "Where is it?", **more: Any) -> Record:
    return {"role": "user", "content": text, **more}


def says(text: Any = "There.", **more: Any) -> Record:
    return {"role": "assistant", "content": text, **more}


def call(number: str = "c1", arguments: Any = '{"n": 1}') -> Record:
    function = {"name": "look", "arguments": arguments}
    return {"id": number, "type": "function", "function": function}


def calls(*made: Record) -> Record:
    return {"role": "assistant", "content": None, "tool_calls": list(made)}


def tells(number: str = "c1") -> Record:
    return {"role": "tool", "tool_call_id": number, "content": "7"}


TALKS: dict[str, Record] = {
    "plain": {"messages": [user(), says()]},
    "instructed": {"messages": [{"role": "system", "content": "s"}, user(), says()]},
    "weighed": {"messages": [user(), says(weight=0), user("And?"), says("Here.", weight=1)]},
    "named": {"messages": [user(name="zoe-1"), says()]},
    "parts": {"messages": [user([{"type": "text", "text": "See?"}, IMAGE]), says()]},
    "refused": {"messages": [user(), says(None, refusal="No.")]},
    "called": {"messages": [user(), calls(call()), tells(), says()], "tools": [TOOL]},
    "strict": {
        "messages": [user(), calls(call())],
        "tools": [{"type": "function", "function": STRICT}],
        "parallel_tool_calls": False,
    },
    "twice": {
        "messages": [user(), calls(call(), call("c2")), tells("c2"), tells(), says()],
        "tools": [TOOL],
    },
    "old": {
        "messages": [
            user(),
            {"role": "assistant", "function_call": {"name": "look", "arguments": '{"n": 1}'}},
            {"role": "function", "name": "look", "content": "7"},
            says(),
        ],
        "functions": [FUNCTION],
    },
    "dumped": {
        "messages": [
            user(name=None),
            says(refusal=None, annotations=[], audio=None, function_call=None, tool_calls=None),
        ],
        "tools": [],
    },
}


def good(shape: Shape, number: int) -> Record:
    if shape == "completion":
        return {"prompt": f"Where is {number}?", "completion": f"On shelf {number}."}
    asked, told = user(f"Where is {number}?"), says(f"On shelf {number}.")
    if shape == "chat":
        return {"messages": [asked, told]}
    if shape == "reinforcement":
        return {"messages": [asked], "answer": f"On shelf {number}."}
    return {
        "input": {"messages": [asked]},
        "preferred_output": [told],
        "non_preferred_output": [says("I cannot say.")],
    }


def like(shape: Shape, talk: Record) -> Record:
    """A conversation as a record of a shape."""
    *before, last = talk["messages"]
    tools = {key: value for key, value in talk.items() if key != "messages"}
    match shape:
        case "completion":
            return {"prompt": "Where, oh where?", "completion": "Right there."}
        case "chat":
            return talk
        case "reinforcement":
            return {"messages": [*before, user("Again?")], "answer": "7", **tools}
        case "preference":
            outputs = {"preferred_output": [last], "non_preferred_output": [says("No idea.")]}
            return {"input": {"messages": before or [user()], **tools}, **outputs}


VALUES = st.sampled_from(
    [
        *(None, True, False, 0, 1, 1.0, 0.5, "", " \n", "x", "1", "true", [], {}, "{}", "[]"),
        *("User", "Assistant", "human", "bot", "robot", "system", "tool", "function"),
        *("input_text", "output_text", "input_audio", "https://example.com/a.png", "a b", "é"),
        *("{'n': 1}", '{"n": "a\nb"}', '"{}"', "\ud800", 2**70, "x" * 65),
        *(["text"], {"n": 1}, [[]], user(), says(), says(""), says(" "), calls(call()), tells()),
        *([user()], [user(), says()], [says(), says()], {"messages": [user(), says()]}),
        *(TOOL, FUNCTION, [TOOL], [FUNCTION], [TOOL, TOOL], call(), [call()], [call(), call()]),
        *({"type": "text", "text": "x"}, {"type": "input_text", "text": "x"}, IMAGE, [IMAGE]),
        {"type": "image_url", "image_url": "https://example.com/a.png"},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "refusal", "refusal": "No."},
    ]
)
KEYS = st.sampled_from(
    [
        *("role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call"),
        *("refusal", "audio", "annotations", "reasoning_content", "loss", "id", "type", "function"),
        *("messages", "tools", "functions", "parallel_tool_calls", "input", "preferred_output"),
        *("prompt", "completion", "answer", "arguments", "parameters", "strict", "required"),
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to everything in a JSON value."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def mutated(draw: st.DrawFn, record: Record) -> Record:
    """The record after a few changes, each somewhere in it."""
    record = copy.deepcopy(record)
    for _ in range(draw(st.integers(0, 2))):
        paths = list(places(record))
        if not paths:
            break
        *above, key = draw(st.sampled_from(paths))
        holder: Any = record
        for step in above:
            holder = holder[step]
        inner = holder[key]
        match draw(st.sampled_from(["set", "set", "drop", "add", "wrap", "write", "twice"])):
            case "set":
                holder[key] = copy.deepcopy(draw(VALUES))
            case "drop":
                del holder[key]
            case "add" if isinstance(inner, dict):
                inner[draw(KEYS)] = copy.deepcopy(draw(VALUES))
            case "add" if isinstance(inner, list):
                inner.append(copy.deepcopy(draw(VALUES)))
            case "wrap":
                holder[key] = [inner]
            case "write":
                holder[key] = json.dumps(inner)
            case "twice" if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(inner))
    return record


@st.composite
def files(draw: st.DrawFn, shape: Shape) -> list[Record]:
    """Good records, and one or two that may be anything."""
    talks = st.sampled_from(list(TALKS.values()))
    odd = [draw(mutated(like(shape, draw(talks)))) for _ in range(draw(st.integers(1, 2)))]
    return [*(good(shape, number) for number in range(ROWS)), *odd]


def refusal(content: bytes, shape: Shape) -> str | None:
    """Why the service refuses a file, but for its size; None if it takes it."""
    try:
        # as a job does, which asks its grader whether it can grade every record
        gradable = build(GRADER).trouble if shape == "reinforcement" else None
        examples.read(content, shape, "validation_file", gradable)
    except JobError as error:
        return error.message
    return None


def prepare(records: list[Record], shape: Shape, folder: Path) -> PreparedData | DataError:
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    pipeline = Pipeline.from_config({"training": TRAINING[shape]}, HOST)
    try:
        return pipeline.prepare(source, folder / "out")
    except DataError as error:
        return error


def check(records: list[Record], shape: Shape) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        outcome = prepare(records, shape, folder)
        raw = refusal((folder / "rows.jsonl").read_bytes(), shape)
        if isinstance(outcome, DataError):
            assert raw, f"the service takes it, but prepare says: {outcome}"
            return
        for path in (outcome.train, outcome.valid):
            said = refusal(path.read_bytes(), shape) if path else None
            assert said is None, f"prepare wrote it, but the service says: {said}"
        if raw is None:
            errors = [f for f in outcome.findings if f.severity is Severity.ERROR]
            assert all(f.fix and f.fix.description.startswith("drop") for f in errors), (
                f"the service takes it, but prepare corrects: {errors}"
            )


@settings(max_examples=200, deadline=None)
@example(
    records=[
        *(good("chat", number) for number in range(ROWS)),
        {"messages": [user(tool_call_id=[]), says()]},
    ]
)
@given(records=files("chat"))
def test_service_takes_chat_exactly_if_prepare_has_no_error_left(records: list[Record]) -> None:
    """What prepare writes is accepted; what it refuses is refused; what it corrects was refused.

    That is: the offline service accepts a file exactly if `prepare`, under the default profile and
    after its fixes, has no finding of severity error. Only rows that teach nothing are dropped from
    a file that the service would take.
    """
    check(records, "chat")


@settings(max_examples=200, deadline=None)
@given(records=files("preference"))
def test_service_takes_preferences_exactly_if_prepare_has_no_error_left(
    records: list[Record],
) -> None:
    """The same for preferences."""
    check(records, "preference")


@settings(max_examples=100, deadline=None)
@given(records=files("reinforcement"))
def test_service_takes_reinforcement_exactly_if_prepare_has_no_error_left(
    records: list[Record],
) -> None:
    """The same for conversations that end on a question."""
    check(records, "reinforcement")


@settings(max_examples=50, deadline=None)
@given(records=files("completion"))
def test_service_takes_completions_exactly_if_prepare_has_no_error_left(
    records: list[Record],
) -> None:
    """The same for prompts and completions."""
    check(records, "completion")


@pytest.mark.parametrize(
    ("shape", "change", "status"),
    [
        ("chat", {}, "succeeded"),
        ("chat", {"messages": [{"role": "User", "content": "q"}, says()]}, "failed"),
        ("chat", {"functions": []}, "failed"),
        ("preference", {}, "succeeded"),
        ("preference", {"preferred_output": says("One message, not in a list.")}, "failed"),
    ],
)
def test_a_job_of_the_real_client_ends_as_the_file_deserves(
    tmp_path: Path, offline_openai: openai.OpenAI, shape: Shape, change: Record, status: str
) -> None:
    """As it is the file fails where prepare corrects it; what prepare wrote succeeds."""
    records = [good(shape, number) for number in range(ROWS)]
    records[3] |= change
    assert not isinstance(prepare(records, shape, tmp_path), DataError)
    ends = []
    for path in (tmp_path / "rows.jsonl", tmp_path / "out" / "rows_prepared_train.jsonl"):
        uploaded = offline_openai.files.create(file=path, purpose="fine-tune")
        method: Any = {"type": TRAINING[shape].get("method", "supervised")}
        jobs = offline_openai.fine_tuning.jobs
        model = TRAINING[shape]["model"]
        job = jobs.create(model=model, training_file=uploaded.id, method=method)
        while job.status not in TERMINAL_STATUSES:
            job = jobs.retrieve(job.id)
        ends.append(job.status)
    assert ends == [status, "succeeded"]
