from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.records import Contract, Finding, Format
from pitchpipe.stages import Validator
from pitchpipe_dedup import NearDuplicates

TEXT = "the film is a long and winding road through the hills of a small country far away"


def frame(**columns: Sequence[Any]) -> pd.DataFrame:
    """Rows, numbered from 2 on as below a header."""
    rows = len(next(iter(columns.values())))
    return pd.DataFrame(columns, pd.RangeIndex(2, 2 + rows, name="line"), dtype=object)


def find(chunk: pd.DataFrame, kind: Format = "completion") -> Sequence[Finding]:
    rule: Validator[Any] = NearDuplicates().bind(Contract(kind, kind))
    return rule.conclude(rule.observe(rule.start(), chunk))


def talk(*texts: str) -> list[dict[str, str]]:
    """Messages that take turns, the user first."""
    return [
        {"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(texts)
    ]


def test_nearly_the_same_prompts() -> None:
    prompts = [TEXT, "something else entirely, about a cat", f"{TEXT} indeed", TEXT, None]
    chunk = frame(prompt=prompts, completion=["x"] * 5)
    [finding] = find(chunk)
    assert (finding.count, finding.lines) == (1, (4,))
    assert "line 4 that of line 2" in finding.message
    assert finding.fix is not None
    assert finding.fix.apply(chunk).index.tolist() == [2, 3, 5, 6]


def test_prompts_are_near_whose_case_or_punctuation_differs() -> None:
    prompts = [TEXT, f"{TEXT.capitalize()}!", TEXT.replace(" ", "  ")]
    [finding] = find(frame(prompt=prompts, completion=["x"] * 3))
    assert finding.lines == (3, 4)


def test_equal_prompts_are_near_where_one_of_them_is() -> None:
    prompts = [TEXT, f"{TEXT} indeed", "a cat", f"{TEXT} indeed"]
    chunk = frame(prompt=prompts, completion=["x"] * 4)
    [finding] = find(chunk)
    assert finding.lines == (3, 5)
    assert finding.fix is not None
    assert find(finding.fix.apply(chunk)) == []


def test_what_the_system_says_brings_no_conversations_near() -> None:
    system = {"role": "system", "content": TEXT}
    parts = [{"role": "user", "content": [{"type": "text", "text": TEXT}, {"type": "image_url"}]}]
    talks = [[system, *talk(question, "x")] for question in ("a bore", "so so", "fine", TEXT)]
    chunk = frame(
        messages=[*talks, [*parts, *talk("q", "x")[1:]], [system, *talk(f"{TEXT}!", "x")]]
    )
    [finding] = find(chunk, "chat")
    assert finding.lines == (7,)
    inputs = [{"messages": talk(text)} for text in (TEXT, "q", f"{TEXT}.")]
    chunk = frame(input=inputs, preferred_output=["a"] * 3, non_preferred_output=["b"] * 3)
    [finding] = find(chunk, "preference")
    assert finding.lines == (4,)


variants = st.builds(
    lambda words, end: " ".join(TEXT.split()[:words]) + end,
    st.integers(4, 16),
    st.sampled_from(["", "!", " indeed", " and more of it"]),
)


@given(prompts=st.lists(variants, min_size=1), data=st.data())
def test_without_those_that_are_near_none_is_left(prompts: list[str], data: st.DataObject) -> None:
    rule = NearDuplicates()
    chunk = frame(prompt=prompts)
    at = data.draw(st.integers(0, len(prompts)))
    parts = [rule.observe(rule.start(), part) for part in (chunk.iloc[:at], chunk.iloc[at:])]
    found = rule.conclude(rule.merge(parts[0], parts[1]))
    assert [f.to_json() for f in rule.conclude(rule.merge(parts[1], parts[0]))] == [
        f.to_json() for f in found
    ]
    for finding in found:
        assert finding.fix is not None
        left = finding.fix.apply(chunk)
        assert len(left) == len(chunk) - finding.count
        assert rule.conclude(rule.observe(rule.start(), left)) == []


@pytest.mark.parametrize(
    "options", [{"threshold": 0}, {"threshold": 1.1}, {"permutations": 15}, {"permutations": 1025}]
)
def test_options_of_nearness_have_a_range(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="found"):
        NearDuplicates(**options)
