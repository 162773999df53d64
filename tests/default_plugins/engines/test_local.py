from __future__ import annotations

import weakref
from collections.abc import Iterator

import pandas as pd

from pitchpipe.plugins import PluginHost


def _chunk(first: int, prompts: list[str]) -> pd.DataFrame:
    index = pd.RangeIndex(first, first + len(prompts), name="line")
    return pd.DataFrame({"text": prompts, "completion": "x"}, index=index, dtype=object)


def _renamed(chunk: pd.DataFrame) -> pd.DataFrame:
    return chunk.rename(columns={"text": "prompt"})


def test_each_validator_sees_every_prepared_chunk() -> None:
    host = PluginHost(entry_points=False)
    rules = ["required-columns", "duplicate-rows", "too-few-examples"]
    validators = [host.validators.create(rule) for rule in rules]
    chunks = [_chunk(2, ["a", "b"]), _chunk(4, ["a", "c"])]
    found = host.engines.create("local").fold(validators, chunks, _renamed)
    assert [[f.rule for f in each] for each in found] == [
        [],
        ["duplicate-rows"],
        ["too-few-examples"],
    ]
    assert found[1][0].lines == (4,)
    assert found[2][0].count == 4


def test_no_chunks_end_in_what_is_found_of_nothing() -> None:
    host = PluginHost(entry_points=False)
    validators = [host.validators.create(rule) for rule in ("duplicate-rows", "too-few-examples")]
    found = host.engines.create("local").fold(validators, [], _renamed)
    assert [len(each) for each in found] == [0, 1]


def test_one_chunk_is_in_memory_at_a_time() -> None:
    host = PluginHost(entry_points=False)
    validators = [
        host.validators.create(rule)
        for rule in host.validators.names()
        if "training" not in rule and rule != "prompt-leakage"
    ]
    living: list[weakref.ref[pd.DataFrame]] = []

    def chunks() -> Iterator[pd.DataFrame]:
        for at in range(5):
            assert sum(ref() is not None for ref in living) <= 1
            made = _chunk(2 + at * 2, [f"a{at}", f"b{at}"])
            living.append(weakref.ref(made))
            yield made
            del made

    host.engines.create("local").fold(validators, chunks(), _renamed)
    assert len(living) == 5
