"""What may be wrong with conversations, preferences and files of several formats."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.formats.conversations import PARTS
from pitchpipe.formats.faults import KEYS
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Contract, Severity, TrainingSpec

HOST = PluginHost(entry_points=False)
TRAINED_BY_REWARD = TrainingSpec(method="reinforcement")
MORE_KEYS = (
    "messages",
    "id",
    "type",
    "function",
    "arguments",
    "text",
    "image_url",
    "parameters",
    "properties",
    "pattern",
    "$ref",
)
TALK = (
    "blank-turns",
    "images",
    "message-content",
    "message-names",
    "message-roles",
    "message-shape",
    "message-weight",
    "nothing-to-train",
    "reinforcement-shape",
    "tool-calls",
    "tool-schemas",
)
USER = {"role": "user", "content": "q"}
REPLY = {"role": "assistant", "content": "a"}
REFUSAL = {"type": "refusal", "refusal": "no"}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/x.png", "detail": "low"}}


def call(number="1", name="f", arguments="{}", **more):
    function = {"name": name, "arguments": arguments}
    return {"id": number, "type": "function", "function": function, **more}


def calling(*calls):
    return {"role": "assistant", "content": None, "tool_calls": list(calls)}


def answering(number="1"):
    return {"role": "tool", "tool_call_id": number, "content": "42"}


def tool(name="f", **more):
    return {"type": "function", "function": {"name": name, **more}}


def said(*parts, role="user"):
    return {"role": role, "content": list(parts)}


def text(words="x"):
    return {"type": "text", "text": words}


OLD_CALL = {
    "role": "assistant",
    "content": None,
    "function_call": {"name": "f", "arguments": "{}"},
}
OLD_ANSWER = {"role": "function", "name": "f", "content": None}
GOOD = {
    "plain": [USER, REPLY],
    "instructed": [
        {"role": "system", "content": "s"},
        {"role": "developer", "content": [text()]},
        USER,
        REPLY,
    ],
    "weighed": [USER, {**REPLY, "weight": 1}, USER, {**REPLY, "weight": 0}],
    "named": [{**USER, "name": "Zo\u00eb-1"}, REPLY],
    "nulls": [USER, {**REPLY, "content": None, "refusal": "no"}],
    "refused": [USER, {"role": "assistant", "content": None, "refusal": "no"}],
    "refused in a part": [USER, said(REFUSAL, role="assistant")],
    "parts": [
        said(text(), text(" ")),
        said(text(), text(), role="assistant"),
    ],
    "called": [USER, calling(call()), answering(), REPLY],
    "called twice at once": [
        USER,
        calling(call("1"), call("2")),
        answering("2"),
        answering("1"),
        REPLY,
    ],
    "called at the end": [USER, calling(call())],
    "called a custom tool": [
        USER,
        calling({"id": "1", "type": "custom", "custom": {"name": "f", "input": "x"}}),
    ],
    "called as it was once": [USER, OLD_CALL, OLD_ANSWER, REPLY],
}


def found(find, bound, kind="chat", method="supervised", **columns):
    """What the rules find in a row that follows on a good one."""
    good = {"messages": GOOD["plain"]}
    chunk = frame_of({key: [good.get(key), cell] for key, cell in columns.items()})
    findings = []
    for rule in TALK:
        stage = bound(rule, kind)
        stage = stage.bind(Contract(kind, kind), TrainingSpec(method=method))
        for finding in find(stage, chunk):
            assert (finding.rule, finding.count, finding.lines) == (rule, 1, (3,))
            findings.append(finding)
    return findings


def frame_of(columns):
    rows = len(next(iter(columns.values())))
    index = pd.RangeIndex(2, 2 + rows, name="line")
    return pd.DataFrame(
        {name: pd.Series(cells, index=index, dtype=object) for name, cells in columns.items()}
    )


def rules_of(findings):
    return {finding.rule for finding in findings}


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_wrong_with_what_the_api_takes(find, bound, name) -> None:
    tools = [tool(strict=None, parameters={"type": "object", "properties": {"x": {}}})]
    old = [{"name": "f", "parameters": {}}]
    assert found(find, bound, messages=GOOD[name]) == []
    columns = {"tools": tools, "functions": old, "parallel_tool_calls": False}
    expected = {"tool-calls"} if name.startswith("called twice") else set()
    assert rules_of(found(find, bound, messages=GOOD[name], **columns)) <= expected


@pytest.mark.parametrize(
    ("messages", "rule", "message"),
    [
        ("hello", "message-shape", "1 row with messages that are not a list of messages"),
        ({"content": "q"}, "message-shape", "not a list of messages"),
        ([USER, "hello"], "message-shape", "entry of messages that is not a message"),
        ([USER, {"content": "x"}], "message-shape", "that is not a message"),
        ([USER, {"role": ["user"], "content": "x"}], "message-shape", "that is not a message"),
        ([USER, {**REPLY, "loss": 5}], "message-shape", "key in a message that the API does not"),
        ([USER, {"role": "robot", "content": "x"}, REPLY], "message-roles", "role that the API"),
        ([USER, REPLY, USER], "message-roles", "messages after the assistant's last"),
        ([USER, calling(call()), answering()], "message-roles", "messages after"),
        ([USER], "nothing-to-train", "nothing to train on"),
        ([USER, {**REPLY, "weight": 0}], "nothing-to-train", "nothing to train on"),
        ([{**USER, "weight": 1}, REPLY], "message-weight", "not the assistant's, or not a whole"),
        ([USER, {**REPLY, "weight": True}], "message-weight", "whole number"),
        ([USER, {**REPLY, "weight": "1"}], "message-weight", "whole number"),
        ([USER, {**REPLY, "weight": 0.5}], "message-weight", "neither 0 nor 1"),
        ([USER, {**REPLY, "weight": [1]}], "message-weight", "neither 0 nor 1"),
        ([{"role": "user"}, REPLY], "message-content", "without content"),
        ([USER, {"role": "assistant"}], "message-content", "without content"),
        ([{"role": "user", "content": {"a": 1}}, REPLY], "message-content", "neither text nor"),
        ([USER, {**REPLY, "content": None, "refusal": 1}], "message-content", "neither text nor"),
        ([{"role": "user", "content": []}, REPLY], "message-content", "neither text nor parts"),
        ([said({"type": "smell", "smell": 1}), REPLY], "message-content", "a part of content"),
        ([said({"type": "text"}), REPLY], "message-content", "a part of content"),
        ([said({"type": ["text"]}), REPLY], "message-content", "a part of content"),
        ([said(5), REPLY], "message-content", "a part of content"),
        ([said({**IMAGE, "image_url": {}}), REPLY], "message-content", "a part of content"),
        ([said(REFUSAL), REPLY], "message-content", "a part of content"),
        ([USER, said(IMAGE, role="assistant")], "message-content", "a part of content"),
        ([USER, said(text(), REFUSAL, role="assistant")], "message-content", "a part of content"),
        (
            [said({"type": "input_audio", "input_audio": {"data": "", "format": "ogg"}}), REPLY],
            "message-content",
            "sound or files",
        ),
        ([said({"type": "file", "file": "x"}), REPLY], "message-content", "sound or files"),
        ([USER, {**REPLY, "audio": {"id": "a"}}], "message-content", "sound or files"),
        ([{**USER, "name": "a b"}, REPLY], "message-names", "name that the API does not"),
        ([{**USER, "name": "x" * 65}, REPLY], "message-names", "name that the API does not"),
        ([{**USER, "name": 7}, REPLY], "message-names", "name that the API does not"),
        ([USER, OLD_CALL, {**OLD_ANSWER, "name": "\u00e9"}, REPLY], "message-names", "name that"),
        ([USER, calling(call()), REPLY], "tool-calls", "call of a tool without an answer"),
        ([USER, calling(call("1"), call("2")), answering(), REPLY], "tool-calls", "without an"),
        ([USER, answering(), REPLY], "tool-calls", "answer of a tool that was not called"),
        ([USER, {"role": "tool", "content": "x"}, REPLY], "tool-calls", "was not called"),
        ([USER, calling(call()), answering(), answering(), REPLY], "tool-calls", "not called"),
        (
            [USER, calling(call("1"), call("1")), answering(), REPLY],
            "tool-calls",
            "in the wrong place",
        ),
        ([USER, calling(call(type="odd"))], "tool-calls", "incomplete, or in the wrong place"),
        ([USER, calling(call(""))], "tool-calls", "incomplete, or in the wrong place"),
        ([USER, calling("call")], "tool-calls", "incomplete, or in the wrong place"),
        ([USER, {**REPLY, "tool_calls": {"id": 1}}], "tool-calls", "in the wrong place"),
        ([USER, {**REPLY, "function_call": "f"}], "tool-calls", "in the wrong place"),
        ([{**USER, "tool_calls": [call()]}, REPLY], "tool-calls", "in the wrong place"),
        ([USER, calling(call(arguments="{"))], "tool-calls", "not the text of a JSON object"),
        ([USER, calling(call(arguments="[]"))], "tool-calls", "not the text of a JSON object"),
        ([USER, calling(call(arguments=5))], "tool-calls", "not the text of a JSON object"),
        (
            [USER, calling(call(arguments="[" * 100_000))],
            "tool-calls",
            "not the text of a JSON object",
        ),
    ],
)
def test_a_conversation_breaks_one_rule(find, bound, messages, rule, message) -> None:
    [finding] = found(find, bound, messages=messages)
    assert (finding.rule, finding.severity) == (rule, Severity.ERROR)
    assert message in finding.message
    assert finding.expected
    assert finding.before


@pytest.mark.parametrize(
    ("columns", "before"),
    [
        ({"tools": [tool(f"f{n}") for n in range(129)]}, "tools: 129 of them"),
        ({"tools": {"f": 1}}, "tools: no list"),
        ({"tools": ["f"]}, "no function: 'f'"),
        ({"tools": [{"type": "function"}]}, "no function"),
        ({"tools": [{"type": "custom", "function": {"name": "f"}}]}, "no function"),
        ({"tools": [tool("a b")]}, "name 'a b'"),
        ({"tools": [tool(), tool()]}, "name 'f' twice"),
        ({"tools": [tool(description=3)]}, "f: description 3"),
        ({"tools": [tool(strict="yes")]}, "f: strict 'yes'"),
        ({"tools": [tool(parameters=[])]}, "f: parameters []"),
        ({"tools": [tool(parameters={"type": "thing"})]}, "f: parameters.type: 'thing' is not"),
        ({"tools": [tool(parameters={"required": "x"})]}, "f: parameters.required"),
        ({"tools": [tool(parameters={"maximum": "\ud800"})]}, "f: parameters.maximum"),
        ({"functions": [{"parameters": {}}]}, "name None"),
        ({"parallel_tool_calls": "yes"}, "yes"),
    ],
)
@pytest.mark.parametrize("kind", ["chat", "preference"])
def test_tools_are_declared_as_the_api_has_it(find, bound, columns, before, kind) -> None:
    record = {"messages": GOOD["plain"], **columns}
    columns = record if kind == "chat" else {"input": record, "preferred_output": [REPLY]}
    [finding] = found(find, bound, kind, **columns)
    assert finding.rule == "tool-schemas"
    assert before in finding.before


@pytest.mark.parametrize(
    ("messages", "columns"),
    [
        ([USER, calling(call(name="g"))], {"tools": [tool()]}),
        ([USER, OLD_CALL], {"functions": [{"name": "g"}]}),
    ],
)
def test_tools_that_are_called_are_declared(find, bound, messages, columns) -> None:
    assert found(find, bound, messages=messages) == []
    [finding] = found(find, bound, messages=messages, **columns)
    assert finding.message == "1 row with a call of a tool that the record does not declare"


@pytest.mark.parametrize(
    ("parameters", "before"),
    [
        ({"type": "object", "properties": {}}, "additionalProperties"),
        ({"properties": {"x": {}}, "additionalProperties": False}, "'x' is not required"),
        (
            {
                "type": "object",
                "properties": {"x": {"type": "array", "items": {"type": "object"}}},
                "required": ["x"],
                "additionalProperties": False,
            },
            "parameters.properties.x.items",
        ),
    ],
)
def test_strict_tools_leave_nothing_open(find, bound, parameters, before) -> None:
    loose = [tool(parameters=parameters)]
    assert found(find, bound, messages=GOOD["plain"], tools=loose) == []
    strict = [tool(strict=True, parameters=parameters)]
    [finding] = found(find, bound, messages=GOOD["plain"], tools=strict)
    assert finding.rule == "tool-schemas"
    assert before in finding.before


@pytest.mark.parametrize("blank", ["", " \n", [text(" ")]])
def test_blank_answers_go_and_blank_turns_are_told(frame, bound, find, blank) -> None:
    silent = {"role": "assistant", "content": blank}
    chunk = frame(
        messages=[
            [USER, REPLY],
            [USER, silent],
            [USER, silent, USER, REPLY],
            [USER, {**silent, "weight": 0}, USER, REPLY],
            [USER, REPLY, USER, {**silent, "weight": 0}],
            [USER, {**calling(call()), "content": blank}],
        ]
    )
    [answer] = find(bound("message-content", "chat"), chunk)
    assert (answer.severity, answer.lines) == (Severity.ERROR, (3,))
    assert answer.fix.apply(chunk).index.tolist() == [2, 4, 5, 6, 7]
    [turn] = find(bound("blank-turns", "chat"), chunk)
    assert (turn.severity, turn.lines, turn.fix) == (Severity.WARNING, (4,), None)


def test_only_the_preferred_output_must_say_something(frame, bound, find) -> None:
    silent = [{"role": "assistant", "content": " "}]
    chunk = frame(
        input=["q", "q"],
        preferred_output=[silent, [REPLY]],
        non_preferred_output=[[REPLY], silent],
    )
    [finding] = find(bound("message-content", "preference"), chunk)
    assert finding.lines == (2,)
    assert finding.fix.apply(chunk).index.tolist() == [3]


def test_equal_outputs_go(frame, bound, find) -> None:
    chunk = frame(input=["q", "q"], preferred_output=["a", "a"], non_preferred_output=["a", [USER]])
    same, foreign = sorted(
        find(bound("preference-pairs", "preference"), chunk), key=lambda one: one.lines
    )
    assert same.fix.apply(chunk).index.tolist() == [3]
    assert (foreign.lines, foreign.fix) == ((3,), None)


def test_one_fault_does_not_hide_another(find, bound) -> None:
    findings = found(
        find,
        bound,
        messages=json.dumps(
            [
                {"role": "Human", "content": "q", "name": None},
                {"role": "GPT", "content": "a", "weight": "1", "loss": 1},
            ]
        ),
    )
    assert [(finding.rule, bool(finding.fix)) for finding in findings] == [
        ("message-roles", True),
        ("message-shape", True),
        ("message-shape", True),
        ("message-shape", False),
        ("message-weight", True),
    ]


def test_images_are_counted(find, bound) -> None:
    [finding] = found(find, bound, messages=[said(IMAGE, text(), IMAGE), REPLY])
    assert (finding.rule, finding.severity) == ("images", Severity.NOTE)
    assert finding.message == "1 row with 2 images"
    assert finding.before == repr(IMAGE["image_url"]["url"])


@pytest.mark.parametrize(
    ("given", "output", "rule"),
    [
        ({"messages": [USER]}, [REPLY], None),
        ({"messages": [USER]}, [calling(call())], None),
        ("q", "a", None),
        (None, None, None),
        ([USER], [REPLY], None),
        ({"messages": "q"}, [REPLY], "message-shape"),
        ({"message": [USER]}, [REPLY], "message-shape"),
        (["q"], [REPLY], "message-shape"),
        ([USER], ["a"], "message-shape"),
        ([{**USER, "name": "a b"}], [REPLY], "message-names"),
        ([USER], [{"role": "assistant"}], "message-content"),
        ([USER, calling(call())], [REPLY], "tool-calls"),
        ([USER, calling(call()), answering()], [REPLY], None),
        ({"messages": [USER], "tools": [tool("g")]}, [calling(call())], "tool-calls"),
    ],
)
def test_inputs_and_outputs_of_preferences_are_conversations(
    find, bound, given, output, rule
) -> None:
    findings = found(find, bound, "preference", input=given, non_preferred_output=output)
    assert [finding.rule for finding in findings] == ([rule] if rule else [])


def test_plain_columns_are_no_conversations(find, bound) -> None:
    assert found(find, bound, prompt=["q"], completion={"role": 1}) == []
    assert found(find, bound, "completion", messages="hello") == []


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([*PARTS, "text", "image_url", "0", "1", "{}", "object", "$ref"])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYS, *MORE_KEYS]), inner, max_size=4)
    ),
    max_leaves=12,
)
SCHEMAS = st.dictionaries(
    st.sampled_from(["type", "properties", "pattern", "required", "enum", "items", "$ref", "$id"]),
    JSON,
    max_size=4,
)
NEARLY = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(list(PARTS)) | JSON},
        optional={key: JSON for key in KEYS if key != "role"},
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(
    messages=JSON | st.lists(JSON) | NEARLY | st.fixed_dictionaries({"messages": NEARLY}),
    tools=JSON | SCHEMAS.map(lambda schema: [tool(parameters=schema)]),
    parallel=JSON,
    outputs=st.tuples(JSON | NEARLY, JSON | NEARLY),
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
        for rule in (*TALK, "preference-pairs", "mixed-formats"):
            stage = HOST.validators.create(rule).bind(contract, TrainingSpec(method=method))
            for finding in stage.conclude(stage.observe(stage.start(), chunk)):
                json.dumps(finding.to_json())


def test_weights_are_made_what_they_mean(frame, bound, find) -> None:
    chunk = frame(
        messages=[
            [{**USER, "weight": 1}, {**REPLY, "weight": 1}],
            [USER, {**REPLY, "weight": "0"}, {**REPLY, "weight": True}, {**REPLY, "weight": None}],
            [USER, {**REPLY, "weight": 2}],
            "odd",
        ]
    )
    stray, odd = find(bound("message-weight", "chat"), chunk)
    assert (stray.lines, odd.lines, odd.fix) == ((2, 3), (4,), None)
    assert stray.fix.apply(chunk)["messages"].tolist() == [
        [USER, {**REPLY, "weight": 1}],
        [USER, {**REPLY, "weight": 0}, {**REPLY, "weight": 1}, {**REPLY, "weight": None}],
        [USER, {**REPLY, "weight": 2}],
        "odd",
    ]


def test_weights_are_corrected_in_preferences_too(frame, bound, find) -> None:
    chunk = frame(
        input=[{"messages": [{**USER, "weight": 0}], "tools": None}],
        preferred_output=[[{**REPLY, "weight": False}]],
        non_preferred_output=["b"],
    )
    [finding] = find(bound("message-weight", "preference"), chunk)
    [row] = finding.fix.apply(chunk).to_dict("records")
    assert row == {
        "input": {"messages": [USER], "tools": None},
        "preferred_output": [{**REPLY, "weight": 0}],
        "non_preferred_output": "b",
    }


def test_silent_conversations_go(frame, bound, find) -> None:
    chunk = frame(messages=[[USER, REPLY], [USER], [USER, {**REPLY, "weight": False}], "odd"])
    [finding] = find(bound("nothing-to-train", "chat"), chunk)
    assert finding.fix.apply(chunk).index.tolist() == [2, 5]


def test_conversations_end_on_the_last_lesson(frame, bound, find) -> None:
    ended = [USER, REPLY]
    chunk = frame(messages=[ended, [*ended, USER, USER], [USER], [USER, "odd"]])
    [finding] = find(bound("message-roles", "chat"), chunk)
    assert finding.lines == (3,)
    assert finding.fix.apply(chunk)["messages"].tolist() == [ended, ended, [USER], [USER, "odd"]]


@pytest.mark.parametrize(
    ("messages", "rules"),
    [
        ([USER], set()),
        ([USER, REPLY, USER], set()),
        ([USER, REPLY], {"reinforcement-shape"}),
        ([USER, calling(call()), answering()], {"reinforcement-shape"}),
        ("q", {"message-shape"}),
    ],
)
def test_reinforcement_needs_a_question_and_no_answer(find, bound, messages, rules) -> None:
    chunk = frame_of({"messages": [messages], "answer": ["right"]})
    findings = []
    for rule in TALK:
        stage = bound(rule, "chat").bind(Contract("chat", "chat"), TRAINED_BY_REWARD)
        findings += find(stage, chunk)
    assert rules_of(findings) == rules
    assert find(bound("reinforcement-shape", "chat"), chunk) == []


@pytest.mark.parametrize(
    ("better", "worse", "is_fine"),
    [
        ([REPLY], [{**REPLY, "content": "b"}], True),
        ("a", "b", True),
        ("a", [{**REPLY, "content": "b"}], True),
        ([calling(call(name="f"))], [calling(call(name="g"))], True),
        ([{**REPLY, "content": None, "refusal": "no"}], [REPLY], True),
        (None, [REPLY], True),
        ([], "b", True),
        ([REPLY], [REPLY], False),
        ([REPLY], [{**REPLY, "weight": 1, "name": None}], False),
        ("a", [REPLY], False),
        (5, "5", False),
        ([REPLY, REPLY], "b", False),
        ("a", [USER], False),
    ],
)
def test_outputs_are_two_different_answers(frame, bound, find, better, worse, is_fine) -> None:
    chunk = frame(
        input=["q", "q"],
        preferred_output=["a", better],
        non_preferred_output=["b", worse],
    )
    findings = find(bound("preference-pairs", "preference"), chunk)
    assert [finding.lines for finding in findings] == ([] if is_fine else [(3,)])


def test_files_of_several_formats_name_the_lines_of_each(frame, bound, find) -> None:
    first = frame(prompt=["a", "b"], completion=["x", "y"])
    second = frame(
        4, messages=[[USER], None, [USER]], prompt=[None, "c", "d"], completion=[None, "z", "z"]
    )
    both, some = find(bound("mixed-formats"), first, second)
    assert (both.message, both.lines) == ("1 row of two formats at once", (6,))
    assert (some.message, some.lines) == ("1 row of format chat among completion records", (4,))
    assert find(bound("mixed-formats"), first) == []


def test_keys_of_another_format_may_first_come_in_a_later_chunk(frame, bound, find) -> None:
    preferences = {"input": ["q"], "preferred_output": ["a"], "non_preferred_output": ["b"]}
    chunks = [
        frame(messages=["x", "y"]),
        frame(4, prompt=["a"], completion=["b"], messages=[float("nan")]),
        frame(5, **preferences),
        frame(6, prompt=["a"], messages=["z"], input=[None]),
    ]
    findings = find(bound("mixed-formats"), *chunks)
    assert [finding.lines for finding in findings] == [(4,), (5,)]
    assert [finding.severity for finding in findings] == [Severity.ERROR] * 2


def test_with_reinforcement_anything_may_stand_beside_messages(frame, bound, find) -> None:
    chunk = frame(messages=[[USER], None], prompt=["a", "b"], completion=["x", "y"])
    [both, _] = find(bound("mixed-formats"), chunk, frame(4, messages=[[USER]]))
    assert both.lines == (2,)
    stage = bound("mixed-formats").bind(Contract("chat", "chat"), TRAINED_BY_REWARD)
    assert find(stage, chunk.iloc[:1]) == []
    [other] = find(stage, chunk)
    assert (other.message, other.lines) == ("1 row of format chat among completion records", (2,))
