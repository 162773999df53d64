"""Hostile contents: training files, batch files, graders, and files that come in parts.

What holds after every request is in ``tests/support/fuzzing/target.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import json_text
from fuzzing.budget import fuzz
from fuzzing.damage import damage
from fuzzing.routes import FORM, Things, form
from fuzzing.target import Target
from fuzzing.wire import request
from gradings import SHAPES

ENDED = {"succeeded", "failed", "cancelled", "completed"}

COMPLETION = {"prompt": "a ->", "completion": " b"}
CHAT = {
    "messages": [
        {"role": "system", "content": "x", "name": "n"},
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
        {"role": "assistant", "content": "x", "weight": 1},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    "parallel_tool_calls": False,
}
PREFERENCE = {
    "input": {"messages": [{"role": "user", "content": "x"}], "tools": []},
    "preferred_output": [{"role": "assistant", "content": "x"}],
    "non_preferred_output": [{"role": "assistant", "content": "y"}],
}
ITEM = {"messages": [{"role": "user", "content": "x"}], "label": "a"}
"""Records, one of a kind."""

GRADER = SHAPES[0]
KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "completion": (COMPLETION, {"model": "babbage-002", "hyperparameters": {"n_epochs": 1}}),
    "chat": (CHAT, {"model": "gpt-4o-mini-2024-07-18", "hyperparameters": {"n_epochs": 1}}),
    "preference": (
        PREFERENCE,
        {
            "model": "gpt-4o-2024-08-06",
            "method": {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 1}}},
        },
    ),
    "reinforcement": (
        ITEM,
        {
            "model": "o4-mini-2025-04-16",
            "method": {"type": "reinforcement", "reinforcement": {"grader": GRADER}},
        },
    ),
}
BATCH = {
    "custom_id": "NUMBER",
    "method": "POST",
    "url": "/v1/completions",
    "body": {"model": "babbage-002", "prompt": "x", "max_tokens": 2},
}


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """A server in whose requests all work is done at once."""
    with Target("--pace", "immediate") as target:
        yield target
        target.check_growth()


@pytest.fixture(scope="module")
def things(target: Target) -> Things:
    return Things(target)


@st.composite
def jsonl(draw: st.DrawFn, record: Any, rows: int = 12) -> bytes:
    """Lines of JSON, some of which are hostile."""
    good = [json_text.text(record).replace(b"NUMBER", b"%d" % number) for number in range(rows)]
    lines = list(good)
    for _ in range(draw(st.integers(0, 2))):
        line = draw(json_text.hostile(record))
        lines[draw(st.integers(0, rows - 1))] = line.replace(b"\n", b" ")
    end = draw(st.sampled_from([b"\n"] * 4 + [b"\r\n", b"\r", b"\n\n", b"\0", b"\xe2\x80\xa8"]))
    return draw(damage(end.join(lines), times=draw(st.sampled_from([0, 0, 2]))))


@fuzz(40, cost=3)
@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_training_files(target: Target, things: Things, data: st.DataObject, kind: str) -> None:
    record, options = KINDS[kind]
    content = data.draw(jsonl(record))
    (kept,) = target.attack(
        request("POST", "/v1/files", form({"purpose": b"fine-tune", "file": content}), FORM)
    )
    if kept.status != 200:
        return
    file_id = kept.json["id"]
    assert target.send(request("GET", f"/v1/files/{file_id}/content")).body == content
    body = json_text.text(options | {"training_file": file_id})
    (made,) = target.attack(request("POST", "/v1/fine_tuning/jobs", body))
    if made.status != 200:
        return
    path = f"/v1/fine_tuning/jobs/{made.json['id']}"
    (job, *_) = target.attack(
        *(request("GET", f"{path}{part}") for part in ("", "/events", "/checkpoints"))
    )
    assert job.json["status"] in ENDED
    if job.json["status"] == "failed":
        assert job.json["error"]["message"]
    model = job.json["fine_tuned_model"]
    if model and kind != "completion":
        question = {"model": model, "messages": [{"role": "user", "content": "x"}]}
        target.attack(request("POST", "/v1/chat/completions", json_text.text(question)))
    elif model:
        question = {"model": model, "prompt": "a ->"}
        target.attack(request("POST", "/v1/completions", json_text.text(question)))


@fuzz(25, cost=2)
@given(st.data())
def test_batch_files(target: Target, things: Things, data: st.DataObject) -> None:
    content = data.draw(jsonl(BATCH))
    file_id = things.upload(content, "batch")
    body = {"input_file_id": file_id, "completion_window": "24h", "endpoint": "/v1/completions"}
    (made,) = target.attack(request("POST", "/v1/batches", json_text.text(body)))
    if made.status != 200:
        return
    (got,) = target.attack(request("GET", f"/v1/batches/{made.json['id']}"))
    batch = got.json
    assert batch["status"] in ENDED
    assert len(got.body) < 1 << 20
    counts = batch["request_counts"]
    for name, count in (("output", counts["completed"]), ("error", counts["failed"])):
        result = batch.get(f"{name}_file_id")
        if result:
            answer = target.send(request("GET", f"/v1/files/{result}/content"))
            assert [type(json.loads(line)) for line in answer.body.splitlines()] == [dict] * count
    if batch["status"] == "failed":
        assert batch["errors"]["data"]


WRAPS = (
    *("({})", "-{}", "+{}", "not {}", "~{}", "abs({})", "min({}, 1)", "max({})", "exp({})", "1-{}"),
    *("log({})", "sqrt({})", "floor({})", "{} ^ 9", "{} ** 9", "{} / 0", "[{}]", "{} if 1 else 2"),
    *("{}[0]", "{}.real", "{} == 1", "{} and 1", "lambda: {}", "({},)", "f'{{{}}}'", "{} @ 1"),
)


def wraps() -> Iterator[tuple[str, str]]:
    """What stands before a formula and behind it, to make it another one."""
    for wrap in WRAPS:
        before, _, after = wrap.partition("{}")
        yield before.replace("{{", "{"), after.replace("}}", "}")


ATOMS = st.sampled_from(["label", "alike", "1", "0", "0.5", "1e308", "9" * 400, "x", "True", "'a'"])


@st.composite
def formulas(draw: st.DrawFn) -> str:
    """Formulas, many of which are none, and some of which are very deep or very long."""
    text = draw(ATOMS)
    for _ in range(draw(st.integers(0, 4))):
        before, after = draw(st.sampled_from(list(wraps())))
        times = draw(st.sampled_from([1, 1, 1, 60, 98, 150, 480, 3000]))
        text = before * times + text + after * times
    return text


@pytest.mark.parametrize("times", [50, 98, 150, 480, 660])
def test_every_formula(target: Target, times: int) -> None:
    """Each way to make a formula deeper, so often."""
    asked = []
    for before, after in wraps():
        formula = {"calculate_output": before * times + "label" + after * times}
        asked.append(json_text.text({"grader": SHAPES[2] | formula}))
    path = "/v1/fine_tuning/alpha/graders/validate"
    answers = target.attack(*(request("POST", path, body) for body in asked))
    assert {answer.status for answer in answers} <= {200, 400}


HOLES = st.sampled_from(
    [
        *(
            "{{ item.label }}",
            "{{item.label}}",
            "{{ item.LABEL",
            "{{",
            "}}",
            "{{}}",
            "{{ }}",
            "{{ item }}",
        ),
        *(
            "{{ sample.output_text }}",
            "{{ sample.output_json.a }}",
            "{{ sample.output_tools[0].function.name }}",
        ),
        *(
            "{{ item['label'] }}",
            '{{ item["a"]["b"] }}',
            "{{ item.a.b }}",
            "{{ item[0] }}",
            "{{ item[-1] }}",
        ),
        *(
            "{{ item.__class__ }}",
            "{{ item[999999999] }}",
            "{{ {{ item.label }} }}",
            "{{ item.label | upper }}",
        ),
        *(
            "{{ item" + "[0]" * 2000 + " }}",
            "{{ item" + ".a" * 5000 + " }}",
            "{{ item['" + "a" * 9000 + "] }}",
        ),
        *(
            "{{ item" + " " * 9000 + ".label }}",
            "{{ item.label }}" * 5000,
            "{% for x in y %}",
            "{{ '\\' }}",
        ),
    ]
)
LONG = st.sampled_from(
    ["", "a", "yes no " * 9000, "a" * 30_000, "\0", "\u0130" * 9000, "ab" * 20_000]
)


@st.composite
def graders(draw: st.DrawFn) -> Any:
    """Graders whose formulas and texts are hostile."""
    holes = st.one_of(HOLES, LONG, st.sampled_from(json_text.TEXTS))
    metrics = st.sampled_from(
        [
            *("fuzzy_match", "bleu", "gleu", "meteor", "cosine", "rouge_1", "rouge_5", "rouge_l"),
            "none",
        ]
    )
    check = {"type": "string_check", "name": "label", "operation": "like"}
    check |= {"input": draw(holes), "reference": draw(holes)}
    alike = {"type": "text_similarity", "name": "alike", "evaluation_metric": draw(metrics)}
    alike |= {"input": draw(holes), "reference": draw(holes)}
    both = {"type": "multi", "name": "both", "graders": {"label": check, "alike": alike}}
    both |= {"calculate_output": draw(formulas())}
    return draw(st.sampled_from([check, alike, both]))


@fuzz(60)
@given(graders(), LONG, LONG)
def test_graders(target: Target, grader: Any, sample: str, label: str) -> None:
    asked = {"grader": grader, "model_sample": sample, "item": {"label": label, "a": [{"b": 1}]}}
    target.attack(
        request(
            "POST", "/v1/fine_tuning/alpha/graders/validate", json_text.text({"grader": grader})
        ),
        request("POST", "/v1/fine_tuning/alpha/graders/run", json_text.text(asked)),
    )


@fuzz(12, cost=5)
@given(st.data())
def test_uploads_in_parts(target: Target, things: Things, data: st.DataObject) -> None:
    """Parts in any order, twice, of another upload, or none; of more bytes or fewer."""
    ids = dict(things.renew())
    contents = data.draw(st.lists(st.binary(max_size=30), min_size=1, max_size=4))
    size = max(1, sum(map(len, contents)) + data.draw(st.sampled_from([0, 0, 0, -1, 1])))
    begin = {"filename": data.draw(st.sampled_from([n for n in json_text.TEXTS if n]))}
    begin |= {"purpose": "batch", "bytes": size, "mime_type": "text/jsonl"}
    (begun,) = target.attack(request("POST", "/v1/uploads", json_text.text(begin)))
    if begun.status != 200:
        return
    path = f"/v1/uploads/{begun.json['id']}"
    kept = target.attack(
        *(request("POST", f"{path}/parts", form({"data": part}), FORM) for part in contents)
    )
    parts: Sequence[str] = [answer.json["id"] for answer in kept]
    named = data.draw(
        st.one_of(
            st.just(parts),
            st.permutations(parts),
            st.lists(st.sampled_from([*parts, ids["PART"], ids["FILE"], "x"]), max_size=6),
        )
    )
    (ended, again) = target.attack(
        request("POST", f"{path}/complete", json_text.text({"part_ids": named})),
        request("POST", f"{path}/complete", json_text.text({"part_ids": named})),
    )
    assert (ended.status, again.status) in {(200, 400), (400, 400)}
    if ended.status == 200:
        file_id = ended.json["file"]["id"]
        whole = target.send(request("GET", f"/v1/files/{file_id}/content")).body
        by_id = dict(zip(parts, contents, strict=True))
        assert whole == b"".join(by_id[part] for part in named)
