"""Source rows as users have them, good and odd, and what validators of each scope see of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pitchpipe.digests import digest
from pitchpipe.records import Contract, Format
from pitchpipe.stages import Scope

Rows = SearchStrategy[Mapping[str, Any]]

CONTRACTS: Mapping[Format, Contract] = {
    "completion": Contract(
        "completion",
        "completion",
        {"separator": "##", "prefix": " ", "suffix": "", "labels": {}},
        stop=("\n",),
    ),
    "chat": Contract("chat", "chat", {"labels": {"p": "positive"}}),
    "preference": Contract("preference", "preference"),
}
"""How records may be written: one contract a format."""

_PLAIN = ("a", "b", "c ", "a##", "b##c", " p", "P", "p\n", "positive", "", "  ")
_ODD = ("a\0b", "x\x1b[0m", "\u200bp", "\ud800", "<|endoftext|>", "sk-" + "k1" * 12, "long " * 300)
_STARTS = ("", " ", "answer: ", "Classify the text: ")
_MIDDLES = ("", "x", "Y", "x" * 10_000, "\u0130\u03a3", "\U0001d400", "\u01c5")
_ENDS = ("", ".", "?", "\n", " ->", " END", "\n\n###\n\n")

WORDS = st.sampled_from([*_PLAIN, *_ODD])
_AFFIXED = st.tuples(*map(st.sampled_from, (_STARTS, _MIDDLES, _ENDS))).map("".join)
_CELLS = WORDS | st.none() | st.sampled_from([1, 2.5, True, float("nan"), "1"])


def _talk(asked: str, answered: str | None) -> list[dict[str, Any]]:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]


_TURNS = st.builds(_talk, WORDS, WORDS | st.none())
_ODD_TURNS = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant", "tool", "robot"]),
            "content": WORDS | st.just([{"type": "text", "text": "x"}]),
        },
        optional={
            "weight": st.sampled_from([0, 1, 0.5, True, False, "0", "1", None, [1]]),
            "tool_calls": st.sampled_from([None, [], [{"id": "1"}]]),
        },
    ),
    max_size=4,
)
_MESSAGES = st.one_of(
    _TURNS, _TURNS.map(lambda talk: talk[:1]), st.just([]), st.none(), st.just("odd"), _ODD_TURNS
)
_INPUTS = st.one_of(_CELLS, _TURNS, _TURNS.map(lambda talk: {"messages": talk}))
_TOOLS = st.sampled_from([None, [{"type": "function"}]])

_SOURCES: Mapping[Format, tuple[Mapping[str, SearchStrategy[Any]], ...]] = {
    "completion": (
        {"prompt": _CELLS, "completion": _CELLS, "group": _CELLS},
        {"prompt": WORDS, "completion": st.sampled_from(["p", "n", "odd"])},
        {"prompt": WORDS, "completion": st.sampled_from(["p", "P", " p", "true", "True", True])},
        {"prompt": st.none(), "completion": WORDS},
        {"prompt": _CELLS, "comletion": _CELLS},
        {"prompt": _AFFIXED | st.none(), "completion": _AFFIXED | st.just(["x"])},
        {
            "prompt": st.just("Classify the text: x") | _AFFIXED,
            "completion": st.just("x") | _AFFIXED,
        },
        {"PROMPT": WORDS, "Prompt": WORDS, "Completion": WORDS, "id": _CELLS},
    ),
    "chat": (
        {"messages": _MESSAGES, "tools": _TOOLS},
        {"messages": _TURNS},
        {"prompt": _CELLS, "completion": _CELLS},
        {"prompt": WORDS},
    ),
    "preference": (
        {"input": _INPUTS, "preferred_output": _INPUTS, "non_preferred_output": _CELLS},
        {"input": _ODD_TURNS, "preferred_output": _ODD_TURNS, "non_preferred_output": _TURNS},
        {"prompt": WORDS, "preferred_output": WORDS, "non_preferred_output": WORDS},
    ),
}


def sources(record_format: Format) -> list[Rows]:
    """The kinds of rows that tables for records of this format have."""
    side = {"split": st.sampled_from(["train", "valid"])}
    return [st.fixed_dictionaries({**columns, **side}) for columns in _SOURCES[record_format]]


def seen(scope: Scope, chunk: pd.DataFrame) -> pd.DataFrame:
    """Source rows as validators of that scope see them."""
    if scope == "table":
        return chunk
    if scope in ("source", "records"):
        return chunk.drop(columns="split", errors="ignore")
    question = _digests(chunk, ("prompt", "input", "messages", "tools"))
    answer = _digests(chunk, ("completion", "preferred_output"))
    if scope == "index":
        return pd.DataFrame({"question": question, "answer": answer}, index=chunk.index)
    label = [text if isinstance(text, str) else None for text in _cells(chunk, "completion")]
    columns = {
        "label": pd.Series(label, index=chunk.index, dtype=object),
        "prompt": question,
        "bytes": [len(repr(row)) for row in chunk.itertuples(index=False, name=None)],
        "split": _cells(chunk, "split"),
    }
    return pd.DataFrame(columns, index=chunk.index)


def _digests(chunk: pd.DataFrame, columns: tuple[str, ...]) -> Any:
    return digest(
        [_cells(chunk, name) for name in columns if name in chunk] or [[None] * len(chunk)]
    )


def _cells(chunk: pd.DataFrame, column: str) -> list[Any]:
    return chunk[column].tolist() if column in chunk else [None] * len(chunk)
