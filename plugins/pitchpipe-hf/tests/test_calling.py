"""Calls of tools in what a language model says: found, taken apart from text, and answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.calls import parse_calls
from pitchpipe.service.service import Service
from pitchpipe.service.transports import BASE_URL, openai_http_client
from pitchpipe.stages import Token
from pitchpipe_hf import HfLearner
from pitchpipe_hf.calling import calls_apart

LINE = '[{"name": "look", "arguments": {"at": 1}}]'
TAGGED = '<tool_call>\n{"name": "look", "arguments": {"at": 1}}\n</tool_call>'


def pieces(text: str, sizes: list[int]) -> list[Token]:
    """A text as tokens of some sizes, over and over."""
    tokens, place = [], 0
    while place < len(text):
        piece = text[place : place + sizes[len(tokens) % len(sizes)]]
        tokens.append(Token(piece, -0.5, ((piece, -0.5),)))
        place += len(piece)
    return tokens


def parts(tokens: list[Token]) -> tuple[str, str]:
    """The text and the calls of an answer, in which all text comes first."""
    kinds = [token.part for token in tokens]
    assert kinds == sorted(kinds, reverse=True)
    text, calls = (
        "".join(token.text for token in tokens if token.part == part) for part in ("text", "calls")
    )
    return text, calls


SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=5)


@given(SIZES, st.sampled_from(["", "I look.", "Two\nlines"]), st.sampled_from([LINE, TAGGED]))
def test_calls_are_taken_apart_from_text(sizes: list[int], before: str, calls: str) -> None:
    said = pieces(f"{before}\n{calls}" if before else calls, sizes)
    found = list(calls_apart(iter(said)))
    assert parts(found) == (before, LINE)
    assert len(found) == len(said)


@given(SIZES)
def test_several_tagged_calls_are_one_answer(sizes: list[int]) -> None:
    said = pieces(f"{TAGGED}\n{TAGGED}", sizes)
    _, calls = parts(list(calls_apart(iter(said))))
    assert len(parse_calls(calls) or ()) == 2


@given(
    SIZES,
    st.lists(
        st.sampled_from(
            ["a", "\n", "[", "{", "[{", "<tool_call>", "</tool_call>", LINE[:-1], "<tool", "}]"]
        ),
        max_size=8,
    ).map("".join),
)
def test_all_else_stays_text_token_by_token(sizes: list[int], text: str) -> None:
    said = pieces(text, sizes)
    assert list(calls_apart(iter(said))) == said


def test_text_is_not_held_back_for_long() -> None:
    taken = []

    def speak() -> Any:
        for token in pieces("one two three\nfour", [4]):
            taken.append(token)
            yield token

    for count, _ in enumerate(calls_apart(speak()), 1):
        assert len(taken) - count <= 1


ANSWERS: dict[str, dict[str, Any]] = {
    "pos": {"content": None, "function_call": {"name": "yes", "arguments": "{}"}},
    "neg": {
        "content": None,
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "no", "arguments": "{}"}}
        ],
    },
    "fine": {"content": "maybe"},
}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("yes", "no")
]
FUNCTIONS: Any = [tool["function"] for tool in TOOLS]


@pytest.fixture(scope="module")
def model(tiny: Path) -> Any:
    """A tiny model that was trained to call, the client to ask it with, and the losses."""
    options = {"base": str(tiny), "method": "full", "learning_rate": "0.01"}
    service = Service(learner=HfLearner.configured(options), pace="immediate", seed=0)
    client = openai.OpenAI(
        api_key="any", base_url=BASE_URL, http_client=openai_http_client(service)
    )
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"film {question}"},
                {"role": "assistant", **answer},
            ],
            "tools": TOOLS,
        }
        for question, answer in ANSWERS.items()
    ] * 4
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    file = client.files.create(file=("t.jsonl", content), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(
        model="gpt-4o-mini",
        training_file=file.id,
        hyperparameters={"n_epochs": 25, "batch_size": 4},
    )
    job = client.fine_tuning.jobs.retrieve(job.id)
    assert job.status == "succeeded", job.error
    events = client.fine_tuning.jobs.list_events(job.id, limit=100).data[::-1]
    losses = [event.data["train_loss"] for event in events if event.type == "metrics"]
    yield client, job.fine_tuned_model, losses
    client.close()
    service.close()


def test_calls_are_learnt_and_answered_as_such(model: Any) -> None:
    client, name, losses = model
    assert losses[0] > 1 > 0.1 > losses[-1]

    def ask(question: str, **options: Any) -> Any:
        messages = [{"role": "user", "content": f"film {question}"}]
        return client.chat.completions.create(
            model=name, messages=messages, temperature=0, **options
        )

    (choice,) = ask("pos", functions=FUNCTIONS).choices
    assert (choice.finish_reason, choice.message.content) == ("function_call", None)
    assert choice.message.function_call.name == "yes"
    (choice,) = ask("neg", tools=TOOLS).choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert [call.function.name for call in choice.message.tool_calls] == ["no"]
    (choice,) = ask("fine", tools=TOOLS).choices
    assert (choice.finish_reason, choice.message.content) == ("stop", "maybe")
    assert choice.message.tool_calls is None
    (choice,) = ask("neg").choices
    assert choice.message.content == '[{"name": "no", "arguments": {}}]'
    deltas = [chunk.choices[0].delta for chunk in ask("neg", tools=TOOLS, stream=True)]
    called = [call.function.name for delta in deltas for call in delta.tool_calls or ()]
    assert called == ["no"]
    assert not any(delta.content for delta in deltas)
