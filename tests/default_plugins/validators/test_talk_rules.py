"""What may be wrong with conversations, preferences and files of several formats."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.plugins import PluginHost
from pitchpipe.records import Contract, Severity, TrainingSpec

HOST = PluginHost(entry_points=False)
TALK = (
    "images",
    "message-content",
    "message-names",
    "message-roles",
    "message-shape",
    "message-weight",
    "nothing-to-train",
    "tool-calls",
    "tool-schemas",
)
USER = {"role": "user", "content": "q"}
REPLY = {"role": "assistant", "content": "a"}


def call(key="1", name="f", arguments="{}", **more):
    return {
        "id": key,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
        **more,
    }


def calling(*calls):
    return {"role": "assistant", "content": None, "tool_calls": list(calls)}


def answering(key="1"):
    return {"role": "tool", "tool_call_id": key, "content": "42"}


def tool(name="f", parameters=None):
    function = {"name": name} if parameters is None else {"name": name, "parameters": parameters}
    return {"type": "function", "function": function}


def saying(*parts):
    return {"role": "user", "content": list(parts)}


def broken(find, bound, messages, tools=None, **more):
    """The rules that one conversation breaks, the chunk being one good row and this one."""
    columns = {"messages": [[USER, REPLY], messages], "tools": [None, tools]}
    columns |= {name: [None, value] for name, value in more.items()}
    index = pd.RangeIndex(2, 4, name="line")
    made = {name: pd.Series(cells, index=index, dtype=object) for name, cells in columns.items()}
    chunk = pd.DataFrame(made)
    rules = set()
    for rule in TALK:
        for finding in find(bound(rule, "chat"), chunk):
            assert finding.rule == rule
            assert finding.lines == (3,)
            rules.add(rule)
    return rules


@pytest.mark.parametrize(
    ("messages", "tools", "rules"),
    [
        ([USER, REPLY], None, set()),
        ([{"role": "system", "content": "s"}, USER, REPLY], None, set()),
        ([{"role": "developer", "content": "s"}, USER, REPLY], None, set()),
        ([USER, {**REPLY, "weight": 1}, USER, {**REPLY, "weight": 0}], None, set()),
        ([{**USER, "name": "ann-1"}, REPLY], None, set()),
        ([USER, calling(call()), answering(), REPLY], [tool()], set()),
        ([USER, calling(call("1"), call("2")), answering("2"), answering("1"), REPLY], None, set()),
        ([USER, calling(call())], [tool(parameters={"type": "object"})], set()),
        ([USER, {"role": "assistant", "content": None, "refusal": "no"}], None, set()),
        ([{"role": "user", "content": [{"type": "text", "text": "x"}]}, REPLY], None, set()),
        ([saying({"type": "image_url", "image_url": {"url": "u"}}), REPLY], None, {"images"}),
        ([], None, {"message-shape"}),
        ("hello", None, {"message-shape"}),
        ([USER, "hello"], None, {"message-shape"}),
        ([USER, {"content": "x"}], None, {"message-shape"}),
        ([USER, {"role": "robot", "content": "x"}, REPLY], None, {"message-roles"}),
        ([USER], None, {"nothing-to-train"}),
        ([USER, {**REPLY, "weight": 0}], None, {"nothing-to-train"}),
        ([{**USER, "weight": 1}, REPLY], None, {"message-weight"}),
        ([USER, {**REPLY, "weight": 0.5}], None, {"message-weight"}),
        ([USER, {**REPLY, "weight": True}], None, {"message-weight"}),
        ([{"role": "user"}, REPLY], None, {"message-content"}),
        ([{"role": "user", "content": 3}, REPLY], None, {"message-content"}),
        ([{"role": "user", "content": []}, REPLY], None, {"message-content"}),
        ([saying({"type": "smell", "smell": 1}), REPLY], None, {"message-content"}),
        ([{"role": "user", "content": [{"type": "text"}]}, REPLY], None, {"message-content"}),
        ([USER, {"role": "assistant"}], None, {"message-content"}),
        ([{**USER, "name": "a b"}, REPLY], None, {"message-names"}),
        ([{**USER, "name": "x" * 65}, REPLY], None, {"message-names"}),
        ([USER, calling(call()), REPLY], None, {"tool-calls"}),
        ([USER, calling(call()), answering("2"), REPLY], None, {"tool-calls"}),
        ([USER, calling(call("1"), call("1")), answering("1"), REPLY], None, {"tool-calls"}),
        ([USER, calling(call(arguments="{")), answering(), REPLY], None, {"tool-calls"}),
        ([USER, calling(call(arguments="[]")), answering(), REPLY], None, {"tool-calls"}),
        ([USER, calling(call(arguments={})), answering(), REPLY], None, {"tool-calls"}),
        ([USER, calling(call(name="g")), answering(), REPLY], [tool("f")], {"tool-calls"}),
        ([USER, answering(), REPLY], None, {"tool-calls"}),
        ([USER, {"role": "tool", "content": "x"}, REPLY], None, {"tool-calls"}),
        ([USER, REPLY], [tool("a b")], {"tool-schemas"}),
        ([USER, REPLY], [tool(), tool()], {"tool-schemas"}),
        ([USER, REPLY], [tool(parameters={"type": "thing"})], {"tool-schemas"}),
        ([USER, REPLY], [tool(parameters=[])], {"tool-schemas"}),
        ([USER, REPLY], {"f": 1}, {"tool-schemas"}),
        ([USER, REPLY], ["f"], {"tool-schemas"}),
    ],
)  # fmt: skip
def test_a_conversation_breaks_exactly_these_rules(find, bound, messages, tools, rules) -> None:
    assert broken(find, bound, messages, tools) == rules


def test_parallel_tool_calls_are_true_or_false(find, bound) -> None:
    assert broken(find, bound, [USER, REPLY], parallel_tool_calls=True) == set()
    assert broken(find, bound, [USER, REPLY], parallel_tool_calls="yes") == {"tool-schemas"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "messages",
                    "weight",
                    "name",
                    "tool_calls",
                    "id",
                    "function",
                    "arguments",
                    "type",
                    "tool_call_id",
                    "text",
                    "image_url",
                    "parameters",
                    "properties",
                ]
            ),
            inner | st.sampled_from(["user", "assistant", "tool", "function", "text", "image_url"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    messages=JSON | st.lists(JSON),
    tools=JSON,
    parallel=JSON,
    outputs=st.tuples(JSON, JSON),
    method=st.sampled_from(["supervised", "reinforcement"]),
)
def test_whatever_stands_there_is_a_finding_and_no_crash(
    messages, tools, parallel, outputs, method
) -> None:
    chat = {"messages": [messages], "tools": [tools], "parallel_tool_calls": [parallel]}
    preference = {
        "input": [messages],
        "preferred_output": [outputs[0]],
        "non_preferred_output": [outputs[1]],
    }
    for columns, kind in ((chat, "chat"), (preference, "preference")):
        index = pd.RangeIndex(1, 2, name="line")
        chunk = pd.DataFrame(
            {name: pd.Series(cells, index=index, dtype=object) for name, cells in columns.items()}
        )
        contract = Contract(kind, kind)
        for rule in (*TALK, "preference-pairs", "reinforcement-shape", "mixed-formats"):
            stage = HOST.validators.create(rule).bind(contract, TrainingSpec(method=method))
            for finding in stage.conclude(stage.observe(stage.start(), chunk)):
                json.dumps(finding.to_json())


def test_weights_that_mean_nothing_go(frame, bound, find) -> None:
    chunk = frame(
        messages=[[{**USER, "weight": 1}, {**REPLY, "weight": 1}], [USER, {**REPLY, "weight": 2}]]
    )
    [finding] = find(bound("message-weight", "chat"), chunk)
    assert finding.fix.apply(chunk)["messages"].tolist() == [
        [USER, {**REPLY, "weight": 1}],
        [USER, REPLY],
    ]


def test_silent_conversations_go(frame, bound, find) -> None:
    chunk = frame(messages=[[USER, REPLY], [USER], [USER, {**REPLY, "weight": 0}]])
    [finding] = find(bound("nothing-to-train", "chat"), chunk)
    assert finding.fix.apply(chunk).index.tolist() == [2]


def test_reinforcement_needs_no_answer_but_a_question(frame) -> None:
    chunk = frame(messages=[[USER], [USER, REPLY]])
    spec = TrainingSpec(method="reinforcement")

    def found(rule):
        stage = HOST.validators.create(rule).bind(Contract("chat", "chat"), spec)
        return stage.conclude(stage.observe(stage.start(), chunk))

    assert found("nothing-to-train") == []
    [finding] = found("reinforcement-shape")
    assert (finding.severity, finding.lines) == (Severity.ERROR, (3,))


def test_outputs_must_differ_and_be_one_answer(frame, bound, find) -> None:
    good, bad = [REPLY], [{**REPLY, "content": "b"}]
    chunk = frame(
        input=[{"messages": [USER]}] * 4,
        preferred_output=[good, good, "x", good],
        non_preferred_output=[bad, good, "x", [*bad, *bad]],
    )
    [finding] = find(bound("preference-pairs", "preference"), chunk)
    assert finding.lines == (3, 4, 5)


def test_files_of_several_formats_name_the_lines_of_each(frame, bound, find) -> None:
    first = frame(prompt=["a", "b"], completion=["x", "y"])
    second = frame(
        4, messages=[[USER], None, [USER]], prompt=[None, "c", "d"], completion=[None, "z", "z"]
    )
    both, some = find(bound("mixed-formats"), first, second)
    assert (both.message, both.lines) == ("1 row of two formats at once", (6,))
    assert (some.message, some.lines) == ("1 row of format chat among completion records", (4,))
    assert find(bound("mixed-formats"), first) == []
