"""What holds for every validator that comes with Pitchpipe, whatever it looks for."""

from __future__ import annotations

import copy
import pickle
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.plugins import PluginHost

RULES = PluginHost(entry_points=False).validators.names()

ONCE_ONLY = {"prompt-separator", "prompt-prefix", "completion-prefix", "completion-ending"}
REWRITING = {
    "column-case",
    "additional-columns",
    "upper-case-prompts",
    "upper-case-completions",
    "completion-space",
    "control-characters",
    "label-noise",
    "message-roles",
    "message-weight",
    "secret-keys",
    "special-tokens",
} | ONCE_ONLY
"""Rules whose fixes change rows and drop none; of some, fixes do more when applied once more."""

SCOPES = {
    "conflicting-completions": "index",
    "duplicate-rows": "index",
    "column-case": "table",
    "additional-columns": "table",
    "prompt-leakage": "split",
    "too-few-training-records": "split",
    "file-size": "split",
    "mixed-formats": "table",
    "token-limit": "records",
}
"""Those of the rules that do not look at source rows."""

SPEAKING = {
    "model-retirement",
    "required-columns",
    "too-few-examples",
    "too-few-training-records",
}
"""Those that find something where there is nothing."""

plain = ["a", "b", "c ", "a##", "b##c", " p", "P", "p\n", "positive", "", "  ", "\ud800"]
odd = ["a\0b", "x\x1b[0m", "\u200bp", "<|endoftext|>", "sk-" + "k1" * 12, "long " * 300]
words = st.sampled_from([*plain, *odd])
affixed = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", " ", "answer: ", "Classify the text: "]),
        st.sampled_from(["", "x", "Y", "x" * 10_000, "\u0130\u03a3", "\U0001d400", "\u01c5"]),
        st.sampled_from(["", ".", "?", "\n", " ->", " END", "\n\n###\n\n"]),
    ),
)
cells = st.one_of(words, st.none(), st.sampled_from([1, 2.5, True, float("nan"), "1"]))
turns = st.builds(
    lambda asked, answered: [
        {"role": "user", "content": asked},
        {"role": "assistant", "content": answered},
    ],
    words,
    words | st.none(),
)
any_turns = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant", "tool", "robot"]),
            "content": words | st.just([{"type": "text", "text": "x"}]),
        },
        optional={
            "weight": st.sampled_from([0, 1, 0.5, True, False, "0", "1", None, [1]]),
            "tool_calls": st.sampled_from([None, [], [{"id": "1"}]]),
        },
    ),
    max_size=4,
)
messages = st.one_of(
    turns, turns.map(lambda talk: talk[:1]), st.just([]), st.none(), st.just("odd"), any_turns
)
inputs = st.one_of(cells, turns, turns.map(lambda talk: {"messages": talk}))
tools = st.sampled_from([None, [{"type": "function"}]])

columns: dict[str, list[dict[str, st.SearchStrategy[Any]]]] = {
    "completion": [
        {"prompt": cells, "completion": cells, "group": cells},
        {"prompt": words, "completion": st.sampled_from(["p", "n", "odd"])},
        {"prompt": words, "completion": st.sampled_from(["p", "P", " p", "true", "True", True])},
        {"prompt": st.none(), "completion": words},
        {"prompt": cells, "comletion": cells},
        {"prompt": affixed | st.none(), "completion": affixed | st.just(["x"])},
        {"prompt": st.just("Classify the text: x") | affixed, "completion": st.just("x") | affixed},
        {"PROMPT": words, "Prompt": words, "Completion": words, "id": cells},
    ],
    "chat": [
        {"messages": messages, "tools": tools},
        {"messages": turns},
        {"prompt": cells, "completion": cells},
        {"prompt": words},
    ],
    "preference": [
        {"input": inputs, "preferred_output": inputs, "non_preferred_output": cells},
        {"input": any_turns, "preferred_output": any_turns, "non_preferred_output": turns},
        {"prompt": words, "preferred_output": words, "non_preferred_output": words},
    ],
}


@st.composite
def frames(draw: st.DrawFn, record_format: str) -> pd.DataFrame:
    kinds = draw(st.sampled_from(columns[record_format]))
    rows = draw(
        st.lists(st.tuples(*kinds.values(), st.sampled_from(["train", "valid"])), max_size=25)
    )
    gaps = draw(st.lists(st.integers(1, 3), min_size=len(rows), max_size=len(rows)))
    index = pd.Index([sum(gaps[: n + 1]) for n in range(len(rows))], name="row", dtype="int64")
    return pd.DataFrame(rows, columns=[*kinds, "split"], index=index, dtype=object)


def chunked(frame: pd.DataFrame, cuts: list[int]) -> list[pd.DataFrame]:
    edges = [0, *sorted(min(cut, len(frame)) for cut in cuts), len(frame)]
    return [frame.iloc[a:b] for a, b in pairwise(edges)]


@pytest.mark.parametrize("record_format", ["completion", "chat", "preference"])
@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_it_is_a_fold(rule, record_format, bound, seen, data) -> None:
    validator = bound(rule, record_format, data.draw(st.sampled_from([(), ("n", "p")])))
    frame = seen(validator, data.draw(frames(record_format)))
    before = copy.deepcopy(frame)
    whole = [f.to_json() for f in validator.conclude(validator.observe(validator.start(), frame))]

    chunks = chunked(frame, data.draw(st.lists(st.integers(0, 25), max_size=3)))
    states = [validator.observe(validator.start(), chunk) for chunk in chunks]
    states = [pickle.loads(pickle.dumps(state)) for state in states]
    while len(states) > 1:
        at = data.draw(st.integers(0, len(states) - 2))
        a, b = states.pop(at), states.pop(at)
        states.insert(at, validator.merge(*data.draw(st.permutations([a, b]))))
    merged = validator.conclude(validator.merge(states[0], validator.start()))

    assert [f.to_json() for f in merged] == whole
    pd.testing.assert_frame_equal(frame, before)
    for finding in merged:
        assert finding.rule == rule
        assert finding.lines == tuple(sorted(finding.lines))[:5]
        assert set(finding.lines) <= set(frame.index)
        assert (
            len(finding.lines) == min(5, finding.count)
            or not finding.lines
            or (rule in {"class-counts", "empty-fields"})
        )
        assert not finding.lines or finding.unit == "row"


@pytest.mark.parametrize("record_format", ["completion", "chat", "preference"])
@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_its_fixes_are_final(rule, record_format, bound, seen, data) -> None:
    validator = bound(rule, record_format)
    frame = data.draw(frames(record_format))
    before = copy.deepcopy(frame)
    findings = validator.conclude(validator.observe(validator.start(), seen(validator, frame)))
    cuts = data.draw(st.lists(st.integers(0, 25), max_size=2))
    for fix in [finding.fix for finding in findings if finding.fix]:
        travelled = pickle.loads(pickle.dumps(fix)).apply
        chunks = [travelled(chunk) for chunk in chunked(frame, cuts)]
        fixed = pd.concat(chunks)
        if rule in REWRITING:
            assert list(fixed.index) == list(frame.index)
        else:
            pd.testing.assert_frame_equal(fixed, frame.loc[fixed.index])
            assert len(frame) - len(fixed) == findings[0].count
        if rule not in ONCE_ONLY:
            pd.testing.assert_frame_equal(travelled(fixed), fixed)
        again = validator.conclude(validator.observe(validator.start(), seen(validator, fixed)))
        assert not [finding for finding in again if finding.fix]
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("rule", RULES)
def test_it_can_be_pickled_and_is_told_apart_by_its_options_only(rule, bound) -> None:
    validator = bound(rule, "chat")
    assert pickle.loads(pickle.dumps(validator)) == validator == type(validator)()
    assert validator.scope == SCOPES.get(rule, "source")


@pytest.mark.parametrize(
    "rule",
    sorted(set(RULES) - SPEAKING),
)
@pytest.mark.parametrize("record_format", ["completion", "chat", "preference"])
def test_nothing_seen_is_nothing_found(rule, record_format, bound) -> None:
    validator = bound(rule, record_format)
    assert list(validator.conclude(validator.start())) == []
