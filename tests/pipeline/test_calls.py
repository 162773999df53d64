"""Conversations with tools, from records to scores, through the real client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pitchpipe import Pipeline
from pitchpipe.errors import InvalidDataError, UsageError
from pitchpipe.predictions import load

Make = Callable[..., Pipeline]
Row = dict[str, Any]

CHAT = {"model": "gpt-4.1-nano-2025-04-14"}
WATER = {
    "name": "water",
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
}
TOOLS = {"tools": [{"type": "function", "function": WATER}]}
FUNCTIONS = {"functions": [WATER]}
PLACES = ("garden", "balcony", "kitchen", "terrace", "window", "hall")


def call(number: int, place: str, name: str = "water") -> Row:
    arguments = json.dumps({"place": place, "litres": 2}, indent=number % 3 or None)
    function = {"name": name, "arguments": arguments}
    return {"id": f"c{number}", "type": "function", "function": function}


def calls(number: int, place: str) -> Row:
    return {"content": None, "tool_calls": [call(number, place)]}


def old_call(number: int, place: str) -> Row:
    return {"function_call": call(number, place)["function"]}


def parallel(number: int, place: str) -> Row:
    made = [call(2 * number, place), call(2 * number + 1, "roof")]
    return {"tool_calls": made[:: -1 if number % 2 else 1]}


def says(number: int, place: str) -> Row:
    return {"content": f"The {place} has been watered."}


def mixed(number: int, place: str) -> Row:
    return (calls if PLACES.index(place) % 2 else says)(number, place)


def refuses(number: int, place: str) -> Row:
    return {"content": None, "refusal": f"The {place} is out of bounds."}


def rows(answer: Callable[[int, str], Row], beside: Row, count: int = 60) -> list[Row]:
    made = []
    for number in range(count):
        place = PLACES[number % len(PLACES)]
        user = {"role": "user", "content": f"Please water the {place}, visit {number}"}
        made.append({"messages": [user, {"role": "assistant", **answer(number, place)}], **beside})
    return made


def written(path: Path, records: Iterable[Row]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.mark.parametrize("predictor", ["openai", "batch"])
@pytest.mark.parametrize(
    ("answer", "beside", "reason"),
    [
        (calls, TOOLS, "tool_calls"),
        (old_call, FUNCTIONS, "function_call"),
        (parallel, TOOLS | {"parallel_tool_calls": True}, "tool_calls"),
        (mixed, TOOLS, None),
        (calls, {}, "stop"),
        (refuses, TOOLS, "stop"),
    ],
)
def test_answers_go_to_a_score(
    make_pipeline: Make,
    tmp_path: Path,
    answer: Callable[[int, str], Row],
    beside: Row,
    reason: str | None,
    predictor: str,
) -> None:
    path = written(tmp_path / "talks.jsonl", rows(answer, beside))
    run = make_pipeline(training=CHAT, predictor={"name": predictor}).run(path)
    assert (run.model.contract.labels, run.model.contract.task) == ((), "text")
    assert run.scores["accuracy"] == 1.0
    assert run.scores["task"] == "text"
    got = load(run.folder / "predictions.jsonl")
    assert got["reference"].tolist() == got["answer"].tolist()
    assert len(got) == run.scores["rows"] > 5
    if reason:
        assert set(got["finish_reason"]) == {reason}
    else:
        assert set(got["finish_reason"]) == {"tool_calls", "stop"}


def test_a_call_is_shown_as_json_beside_what_is_said(make_pipeline: Make, tmp_path: Path) -> None:
    def answer(number: int, place: str) -> Row:
        return calls(number, place) | {"content": "I go."}

    path = written(tmp_path / "talks.jsonl", rows(answer, TOOLS))
    run = make_pipeline(training=CHAT).run(path)
    first = json.loads((run.folder / "predictions.jsonl").read_text().splitlines()[0])
    assert first["text"] == "I go."
    [made] = json.loads(first["answer"])
    assert (made["name"], made["arguments"]["litres"]) == ("water", 2)
    assert "tool calls" in " ".join(run.scores["notes"])


def test_text_in_place_of_a_call_is_wrong_and_no_error(make_pipeline: Make, tmp_path: Path) -> None:
    pipeline = make_pipeline(training=CHAT)
    run = pipeline.run(written(tmp_path / "talks.jsonl", rows(says, TOOLS)))
    asked = written(tmp_path / "asked.jsonl", rows(calls, TOOLS, count=12))
    got = pipeline.predict(run.model, asked)
    assert not any(got["reference"] == got["answer"])
    assert pipeline.score(got)["accuracy"] == 0.0


def test_what_is_asked_for_goes_with_its_tools(make_pipeline: Make, tmp_path: Path) -> None:
    """The same words with other tools are another question."""
    other = {"tools": [{"type": "function", "function": {"name": "complain"}}]}
    watering, complaining = rows(calls, TOOLS), rows(says, other)
    path = written(
        tmp_path / "talks.jsonl",
        [row for pair in zip(watering, complaining, strict=True) for row in pair],
    )
    run = make_pipeline(training=CHAT).run(path)
    assert run.scores["accuracy"] == 1.0


# --- what is said in conversations is no label ---


def agent(number: int, place: str) -> list[Row]:
    user = {"role": "user", "content": f"Please water the {place}, visit {number}"}
    made = {"role": "assistant", "tool_calls": [call(number, place)]}
    done = {"role": "tool", "tool_call_id": f"c{number}", "content": "ok"}
    return [user, made, done, {"role": "assistant", "content": "Done."}]


def old_agent(number: int, place: str) -> list[Row]:
    user = {"role": "user", "content": f"Please water the {place}, visit {number}"}
    made = {"role": "assistant", "content": None, **old_call(number, place)}
    done = {"role": "function", "name": "water", "content": "ok"}
    return [user, made, done, {"role": "assistant", "content": "Done."}]


def chatty(number: int, place: str) -> list[Row]:
    ask, thank = f"How is the {place}, day {number}?", "Thanks"
    words = [("user", ask), ("assistant", f"It is {number}."), ("user", thank)]
    talk = [{"role": role, "content": content} for role, content in words]
    return [*talk, {"role": "assistant", "content": ("Welcome!", "Bye!")[number % 2]}]


def single(number: int, place: str) -> list[Row]:
    user = {"role": "user", "content": f"How is the {place}, day {number}?"}
    return [user, {"role": "assistant", "content": "Ask the gardener."}]


def short(number: int, place: str) -> list[Row]:
    user = {"role": "user", "content": f"How is the {place}, day {number}?"}
    return [user, {"role": "assistant", "content": ("wet", "dry")[number % 2]}]


def talks(make: Callable[[int, str], list[Row]], beside: Row, count: int = 36) -> list[Row]:
    return [{"messages": make(n, PLACES[n % len(PLACES)]), **beside} for n in range(count)]


@pytest.mark.parametrize(
    ("make", "beside", "labels"),
    [
        (agent, TOOLS, ()),
        (old_agent, FUNCTIONS, ()),
        (chatty, {}, ()),
        (single, {}, ()),
        (short, TOOLS, ()),
        (short, {}, ("dry", "wet")),
    ],
)
def test_whether_answers_are_labels_is_decided_once(
    make_pipeline: Make,
    tmp_path: Path,
    make: Callable[[int, str], list[Row]],
    beside: Row,
    labels: tuple[str, ...],
) -> None:
    path = written(tmp_path / "talks.jsonl", talks(make, beside))
    pipeline = make_pipeline(training=CHAT)
    run = pipeline.run(path)
    assert run.model.contract.labels == labels
    task = "classification" if labels else "text"
    assert (run.scores["task"], run.model.contract.answers_are) == (task, task)
    findings = [finding.rule for finding in run.findings]
    assert findings.count("class-counts") == (make is single)
    assert "class-imbalance" not in findings
    again = pipeline.score(run.folder / "predictions.jsonl")
    assert again == dict(run.scores)


@pytest.mark.parametrize("columns", [("prompt", "completion"), None])
def test_the_task_that_the_user_names_is_that_of_every_rule(
    make_pipeline: Make, tmp_path: Path, columns: tuple[str, str] | None
) -> None:
    source: Any = written(tmp_path / "talks.jsonl", talks(agent, TOOLS))
    if columns:
        cells = [(f"day {n}", "Done.") for n in range(36)]
        source = pd.DataFrame(cells, columns=list(columns))
    training = {} if columns else CHAT
    text = make_pipeline(training=training, data={"task": "text"}).run(source)
    assert (text.model.contract.labels, text.scores["task"]) == ((), "text")
    assert [f.rule for f in text.findings if f.rule.startswith(("class-", "label-"))] == []
    labels = make_pipeline(training=training, data={"task": "classification"})
    with pytest.raises(InvalidDataError, match=r"class-counts: every completion is 'Done\.'"):
        labels.prepare(source, tmp_path / "out")


def test_calls_are_labels_where_the_user_says_so(make_pipeline: Make, tmp_path: Path) -> None:
    path = written(tmp_path / "talks.jsonl", rows(calls, TOOLS))
    run = make_pipeline(training=CHAT, data={"task": "classification"}).run(path)
    assert len(run.model.contract.labels) == len(PLACES)
    assert (run.scores["task"], run.scores["accuracy"]) == ("classification", 1.0)
    assert run.scores["unknown_answers"]["count"] == 0


def test_preferences_have_no_labels(make_pipeline: Make) -> None:
    outputs = {"preferred_output": "a", "non_preferred_output": "b"}
    cells = [{"input": f"q{n}", **outputs} for n in range(24)]
    pipeline = make_pipeline(training={**CHAT, "method": "dpo"}, data={"task": "classification"})
    with pytest.raises(UsageError, match=r"no labels: .* Leave out --task"):
        pipeline.prepare(pd.DataFrame(cells), dry_run=True)
    text = replace(pipeline.config, data=replace(pipeline.config.data, task="text"))
    assert Pipeline(text, pipeline.host).prepare(pd.DataFrame(cells), dry_run=True)


@pytest.mark.parametrize("task", ["text", "classification"])
def test_the_legacy_profile_takes_the_task_that_the_user_names(
    make_pipeline: Make, task: str
) -> None:
    labels = [("pos", "neg")[n % 2] for n in range(36)]
    free = [f"answer {n}" for n in range(36)]
    cells = free if task == "classification" else labels
    table = pd.DataFrame({"prompt": [f"q{n}\n\n###\n\n" for n in range(36)], "completion": cells})
    for asked in ("auto", task):
        pipeline = make_pipeline(data={"profile": "legacy", "task": asked})
        prepared = pipeline.prepare(table, dry_run=True)
        is_text = (asked == "text") if asked != "auto" else task == "classification"
        assert bool(prepared.contract.labels) is not is_text
        [note] = [f.message for f in prepared.findings if f.rule == "task"]
        assert note.startswith("the task is classification") is not is_text
        assert note.endswith("as you chose") is (asked != "auto")


def test_a_positive_class_needs_labels(make_pipeline: Make, tmp_path: Path) -> None:
    path = written(tmp_path / "talks.jsonl", talks(chatty, {}))
    scoring = {"positive_class": "Bye!"}
    with pytest.raises(UsageError, match=r"free text, without labels.*--task classification"):
        make_pipeline(training=CHAT, scoring=scoring).run(path)
    asked = make_pipeline(training=CHAT, scoring=scoring, data={"task": "classification"})
    assert asked.run(path).scores["positive_class"] == "Bye!"


def test_answers_of_preferences_are_text_however_few(make_pipeline: Make, tmp_path: Path) -> None:
    rows = [
        {"prompt": f"Gate {n}?", "chosen": f"Sorry, {n}.", "rejected": f"No {n}."}
        for n in range(12)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    pipeline = make_pipeline()
    assert pipeline.run(path).scores["task"] == "text"
    asked = make_pipeline(scoring={"positive_class": "Sorry, 3."})
    with pytest.raises(UsageError, match=r"Leave out --positive-class \([a-z_.]+\)\.$"):
        asked.run(path, tmp_path / "refused")
    assert not (tmp_path / "refused/job.json").exists(), "refused before anything is paid for"
