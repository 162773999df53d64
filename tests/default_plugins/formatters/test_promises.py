"""What holds for every formatter that comes with Pitchpipe."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pitchpipe.default_plugins.formatters import (
    ChatFormatter,
    CompletionFormatter,
    PreferenceFormatter,
)
from pitchpipe.errors import ConfigError
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Contract

short = st.text(max_size=6)
prompts = st.lists(st.text(), min_size=1, max_size=5)
labels = st.dictionaries(short, short, max_size=3).filter(
    lambda mapping: len(set(mapping.values())) == len(mapping)
)


def collides(mapping, texts) -> bool:
    return any(text in mapping.values() and text not in mapping for text in texts)


@given(
    prompts=prompts,
    separator=short,
    prefix=short,
    suffix=short,
    mapping=labels,
    data=st.data(),
)
def test_completions_come_back_whatever_is_in_them(
    frame, records, prompts, separator, prefix, suffix, mapping, data
) -> None:
    pieces = st.sampled_from([prefix, suffix, separator, " ", "x", *mapping])
    texts = st.text() | st.lists(pieces, max_size=4).map("".join)
    wanted = data.draw(st.lists(texts, min_size=len(prompts), max_size=len(prompts)))
    assume(not collides(mapping, wanted))
    formatter = CompletionFormatter(separator, prefix, suffix, (), mapping)
    chunk = frame(prompt=prompts, completion=wanted)
    assume(not any(formatter.is_formatted(chunk.iloc[[at]]) for at in range(len(chunk))))
    before = chunk.copy()
    made = formatter.apply(chunk)
    pd.testing.assert_frame_equal(chunk, before)
    assert made.index.equals(chunk.index)
    rows = records(made)
    assert [formatter.parse(formatter.reference(row)) for row in rows] == wanted
    for row, prompt, text in zip(rows, prompts, wanted, strict=True):
        assert row == {
            "prompt": prompt + separator,
            "completion": prefix + mapping.get(text, text) + suffix,
        }
        assert formatter.request(row).body["prompt"] == prompt + separator


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=5), st.none() | short, labels)
def test_answers_of_talks_come_back_whatever_is_in_them(
    frame, records, rows, system, mapping
) -> None:
    asked, wanted = zip(*rows, strict=True)
    assume(not collides(mapping, wanted))
    formatter = ChatFormatter(system, mapping)
    made = records(formatter.apply(frame(prompt=asked, completion=wanted)))
    assert [formatter.parse(formatter.reference(row)) for row in made] == list(wanted)
    for row, text in zip(made, asked, strict=True):
        start = [] if system is None else [{"role": "system", "content": system}]
        sent = formatter.request(row).body["messages"]
        assert sent == [*start, {"role": "user", "content": text}]


@given(st.lists(st.tuples(st.text(), st.text(), st.text()), min_size=1, max_size=5))
def test_preferred_outputs_come_back_whatever_is_in_them(frame, records, rows) -> None:
    given_, good, bad = zip(*rows, strict=True)
    formatter = PreferenceFormatter()
    chunk = frame(input=given_, preferred_output=good, non_preferred_output=bad)
    made = formatter.apply(chunk)
    assert [formatter.parse(formatter.reference(row)) for row in records(made)] == list(good)
    assert formatter.is_formatted(made)
    pd.testing.assert_frame_equal(formatter.apply(made), made)


ASK = {
    "completion": {"prompt": ["q"]},
    "chat": {"prompt": ["q"]},
    "preference": {"input": ["q"]},
}
ANSWER = {
    "completion": {"completion": ["neg"]},
    "chat": {"completion": ["neg"]},
    "preference": {"preferred_output": ["neg"], "non_preferred_output": ["pos"]},
}


@pytest.mark.parametrize("name", ASK)
def test_a_record_without_an_answer_is_asked_as_one_with_an_answer(name, frame, records) -> None:
    formatter = PluginHost(entry_points=False).formatters.create(name)
    [asked] = records(formatter.apply(frame(**ASK[name])))
    [trained] = records(formatter.apply(frame(**ASK[name], **ANSWER[name])))
    assert formatter.request(asked) == formatter.request(trained)
    assert formatter.reference(asked) is None
    assert formatter.format == name


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (
            "completion",
            {"separator": " ->", "suffix": " END", "stop": ["\n", "!"], "labels": {"neg": "0"}},
        ),
        ("completion", {}),
        ("chat", {"system": "Be brief.", "labels": {"neg": "0"}, "stop": ["!"]}),
        ("chat", {"max_tokens": 7}),
        ("preference", {"system": "Be brief.", "max_tokens": 7, "stop": ["!"]}),
    ],
)
def test_a_contract_survives_json_and_makes_the_same_formatter(
    name, options, frame, records
) -> None:
    registry = PluginHost(entry_points=False).formatters
    formatter = registry.create(name, options)
    contract = formatter.contract(name, ["pos", "neg"])
    assert contract.labels == ("neg", "pos")
    assert (contract.format, contract.formatter) == (name, name)
    again = Contract.from_json(json.loads(json.dumps(contract.to_json())))
    assert again == contract
    restored = registry.create(again.formatter, again.options)
    assert restored.contract(name, ["pos", "neg"]) == contract
    [row] = records(formatter.apply(frame(**ASK[name], **ANSWER[name])))
    body = restored.request(row).body
    assert tuple(body.get("stop", ())) == contract.stop
    assert body.get("max_tokens", body.get("max_completion_tokens")) == contract.max_tokens
    assert restored.parse(restored.reference(row)) == "neg"


@pytest.mark.parametrize("name", ASK)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stop": ["a", "b", "c", "d", "e"]}, "at most 4 stop strings"),
        ({"stop": [""]}, "a stop string cannot be empty"),
    ],
)
def test_stops_that_the_api_refuses_are_refused_at_once(name, options, message) -> None:
    with pytest.raises(ConfigError, match=message):
        PluginHost(entry_points=False).formatters.create(name, options)


@pytest.mark.parametrize("name", ["completion", "chat"])
def test_labels_written_alike_are_refused(name) -> None:
    options = {"labels": {"good": "1", "fine": "1"}}
    with pytest.raises(ConfigError, match="labels 'good' and 'fine' would both be trained as '1'"):
        PluginHost(entry_points=False).formatters.create(name, options)
