"""Answers that call tools or refuse, through the real client."""

from __future__ import annotations

import json

import pytest

from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.service.protocol.answers import chat_choice, trim
from pitchpipe.service.protocol.live import LiveAnswer
from pitchpipe.stages import Token

WATER = {"name": "water", "parameters": {"type": "object", "properties": {}}}
DIG = {"name": "dig", "parameters": {"type": "object", "properties": {}}}
TOOLS = [{"type": "function", "function": tool} for tool in (WATER, DIG)]
SAID = '[{"name": "water", "arguments": {"bed": 1, "deep": true}}]'


def call(name="water", arguments='{"deep": true, "bed": 1}'):
    return {
        "id": f"call_{name}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


ANSWERS = {
    "rose bed": {"content": None, "tool_calls": [call()]},
    "tulip bed": {"content": "I look.", "tool_calls": [call(), call("dig", "{}")]},
    "old bed": {"function_call": {"name": "water", "arguments": '{"bed":2}'}},
    "shell bed": {
        "tool_calls": [{"id": "s1", "type": "custom", "custom": {"name": "sh", "input": "ls"}}]
    },
    "secret bed": {"content": None, "refusal": "I cannot."},
    "plain bed": {"content": "A bed."},
    "empty bed": {"content": ""},
}


def record(question, answer):
    user, said = {"role": "user", "content": question}, {"role": "assistant", **answer}
    return {"messages": [user, said], "tools": TOOLS}


@pytest.fixture
def gardener(make_lab):
    lab = make_lab(learner=NgramLearner)
    rows = [record(question, answer) for question, answer in ANSWERS.items()] * 4
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    job = lab.run(content, model="gpt-4o-mini")
    assert job.status == "succeeded", job.error

    def ask(question, **options):
        return lab.client.chat.completions.create(
            model=job.fine_tuned_model,
            messages=[{"role": "user", "content": question}],
            temperature=0,
            **options,
        )

    return ask


def test_a_call_is_answered_as_one(gardener):
    answer = gardener("rose bed", tools=TOOLS, logprobs=True, top_logprobs=5)
    (choice,) = answer.choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    (made,) = choice.message.tool_calls
    assert (made.type, made.function.name) == ("function", "water")
    assert json.loads(made.function.arguments) == {"bed": 1, "deep": True}
    assert made.id.startswith("call_")
    assert choice.message.function_call is None
    assert choice.logprobs.content is None
    assert answer.usage.completion_tokens > 0


def test_calls_have_ids_of_their_own(gardener):
    one, other = (gardener("tulip bed", tools=TOOLS, n=2) for _ in range(2))
    ids = [
        made.id
        for answer in (one, other)
        for choice in answer.choices
        for made in choice.message.tool_calls
    ]
    assert len(ids) == len(set(ids)) == 8


def test_several_calls_keep_their_order_and_what_is_said_besides(gardener):
    (choice,) = gardener("tulip bed", tools=TOOLS, logprobs=True).choices
    assert choice.message.content == "I look."
    assert [made.function.name for made in choice.message.tool_calls] == ["water", "dig"]
    assert "".join(token.token for token in choice.logprobs.content) == "I look."


@pytest.mark.parametrize("question", ["rose bed", "old bed"])
def test_requests_with_functions_are_answered_in_the_older_form(gardener, question):
    (choice,) = gardener(question, functions=[WATER]).choices
    assert (choice.finish_reason, choice.message.content) == ("function_call", None)
    assert choice.message.function_call.name == "water"
    assert choice.message.tool_calls is None


def test_the_older_form_has_room_for_one_call_only(gardener):
    (choice,) = gardener("tulip bed", functions=[WATER]).choices
    assert choice.finish_reason == "tool_calls"
    assert len(choice.message.tool_calls) == 2


def test_a_custom_tool_is_called_with_text(gardener):
    (choice,) = gardener("shell bed", tools=TOOLS).choices
    (made,) = choice.message.tool_calls
    assert (made.type, made.custom.name, made.custom.input) == ("custom", "sh", "ls")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tools": TOOLS, "tool_choice": "none"},
        {"functions": [WATER], "function_call": "none"},
    ],
)
def test_where_no_tool_may_be_called_a_call_is_said(gardener, options):
    (choice,) = gardener("rose bed", logprobs=True, **options).choices
    assert (choice.finish_reason, choice.message.content) == ("stop", SAID)
    assert choice.message.tool_calls is None
    assert "".join(token.token for token in choice.logprobs.content) == SAID


def test_a_refusal_is_no_content(gardener):
    (choice,) = gardener("secret bed", tools=TOOLS, logprobs=True).choices
    assert (choice.finish_reason, choice.message.content) == ("stop", None)
    assert choice.message.refusal == "I cannot."
    assert choice.logprobs.content is None
    assert "".join(token.token for token in choice.logprobs.refusal) == "I cannot."


@pytest.mark.parametrize(("question", "text"), [("plain bed", "A bed."), ("empty bed", "")])
def test_text_is_answered_as_text_whatever_the_tools(gardener, question, text):
    (choice,) = gardener(question, tools=TOOLS).choices
    assert (choice.finish_reason, choice.message.content) == ("stop", text)
    assert (choice.message.tool_calls, choice.message.refusal) == (None, None)


def test_stops_end_text_and_no_calls(gardener):
    (choice,) = gardener("rose bed", tools=TOOLS, stop="water").choices
    assert choice.finish_reason == "tool_calls"
    (choice,) = gardener("tulip bed", tools=TOOLS, stop=" look").choices
    assert (choice.finish_reason, choice.message.content) == ("stop", "I")
    assert choice.message.tool_calls is None


def test_calls_that_are_cut_off_are_left_out(gardener):
    (choice,) = gardener("tulip bed", tools=TOOLS, max_completion_tokens=5).choices
    assert (choice.finish_reason, choice.message.content) == ("length", "I look.")
    assert choice.message.tool_calls is None


def streamed(chunks):
    """The message, put together from its pieces, and why it ended."""
    message = {"content": "", "refusal": ""}
    calls, reason = {}, None
    for chunk in chunks:
        (choice,) = chunk.choices
        message["content"] += choice.delta.content or ""
        message["refusal"] += choice.delta.refusal or ""
        for made in choice.delta.tool_calls or ():
            calls[made.index] = (made.function.name, json.loads(made.function.arguments))
        if choice.delta.function_call:
            calls["old"] = choice.delta.function_call.name
        reason = choice.finish_reason or reason
    return message["content"], message["refusal"], calls, reason


@pytest.mark.parametrize(
    ("question", "options", "message"),
    [
        (
            "tulip bed",
            {"tools": TOOLS},
            ("I look.", "", {0: ("water", {"bed": 1, "deep": True}), 1: ("dig", {})}, "tool_calls"),
        ),
        ("old bed", {"functions": [WATER]}, ("", "", {"old": "water"}, "function_call")),
        ("rose bed", {}, (SAID, "", {}, "stop")),
        ("secret bed", {"tools": TOOLS}, ("", "I cannot.", {}, "stop")),
        ("plain bed", {"tools": TOOLS}, ("A bed.", "", {}, "stop")),
    ],
)
def test_calls_stream(gardener, question, options, message):
    assert streamed(gardener(question, stream=True, **options)) == message


# --- answers, as the learner gives them ---


def tokens(*pairs):
    return [Token(text, -0.5, ((text, -0.5),), part) for text, part in pairs]


@pytest.mark.parametrize("most", [None, 1, 2, 3, 4])
@pytest.mark.parametrize("stops", [(), ("ok",), ("k[",), ("f",)])
def test_an_answer_that_is_still_being_made_is_cut_alike(most, stops):
    said = tokens(("o", "text"), ("k", "text"), ('[{"name": "f"', "calls"), ("}]", "calls"))
    whole = trim(said, stops, most)
    live = LiveAnswer((token for token in said), stops, most)
    assert list(live.tokens) == list(whole.tokens)
    assert live.finish_reason == whole.finish_reason
    assert live.said == len(whole.tokens)


def test_text_that_looks_like_a_call_is_none():
    choice = chat_choice(0, trim(tokens((SAID, "text")), (), None), None, "tool_calls")
    assert choice["message"]["content"] == SAID
    assert "tool_calls" not in choice["message"]
