"""Every rule keeps the promises of a validator, whatever it looks for."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from pitchpipe.default_plugins.validators.token_limit import TokenLimit
from pitchpipe.plugins import PluginHost
from pitchpipe.testing import Check, Subject, parametrize_with_checks
from pitchpipe.testing.conformance.sources import CONTRACTS

RULES = PluginHost(entry_points=False).validators

WORDS = st.sampled_from(["x", "y", "z"])
ENDS = st.sampled_from([["user"], ["assistant"], ["assistant", "user"], ["robot"], ["Bot"]])


def talk(roles: list[str]) -> list[dict[str, str]]:
    return [{"role": role, "content": "x"} for role in ("user", *roles)]


def weighed(weight: object) -> list[dict[str, object]]:
    return [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "y", "weight": weight},
    ]


REPLIES = st.sampled_from(
    [
        {"role": "assistant", "content": "y"},
        {"role": "assistant", "content": " "},
        {"role": "assistant", "content": 5},
        {"role": "assistant", "content": "y", "name": None},
        {"role": "assistant", "content": "y", "refusal": None},
        {"role": "assistant", "content": "y", "annotations": [1]},
        {"role": "assistant", "function_call": {"name": "f", "arguments": {}}},
    ]
)
LISTS = st.lists(REPLIES, min_size=1, max_size=2).map(
    lambda replies: [{"role": "user", "content": "x"}, *replies]
)
TALKS = {
    "blank-turns": LISTS,
    "message-content": LISTS,
    "message-shape": LISTS | LISTS.map(json.dumps),
    "tool-calls": LISTS,
    "message-roles": ENDS.map(talk),
    "message-weight": st.sampled_from([0, 1, True, "1", "0", 2]).map(weighed),
    "nothing-to-train": st.sampled_from([0, 1]).map(weighed),
}

LOUD = st.sampled_from(["X", "Y", "SHOUTED", "x"])
TEXTS = st.sampled_from(["x", "y" * 10_000])

PAIRS = {
    "completion-prefix": {"prompt": WORDS, "completion": WORDS.map("answer: {}".format)},
    "long-examples": {"prompt": TEXTS, "completion": TEXTS},
    "upper-case-completions": {"prompt": WORDS, "completion": LOUD},
    "upper-case-prompts": {"prompt": LOUD, "completion": WORDS},
    "label-noise": {"prompt": WORDS, "completion": st.sampled_from(["yes", "yes", "Yes", "no"])},
    "prompt-prefix": {"prompt": WORDS.map("Classify the text: {}".format), "completion": WORDS},
    "token-limit": {"prompt": st.text(max_size=9), "completion": st.just(" yes")},
}
"""Rows for rules that find something only in rows of their own kind."""

STAGES = {rule: RULES.create(rule) for rule in RULES.names()} | {
    "token-limit": TokenLimit(max_tokens=4)
}


def subject(rule: str) -> Subject:
    if rule in TALKS:
        rows = st.fixed_dictionaries({"messages": TALKS[rule]})
        return Subject(STAGES[rule], rule, rows=rows, contract=CONTRACTS["chat"])
    if rule == "tool-schemas":
        tools = st.sampled_from([None, [], {"name": "f"}, [{"name": "f"}]])
        rows = st.fixed_dictionaries({"messages": st.just(weighed(1)), "tools": tools})
        return Subject(STAGES[rule], rule, rows=rows, contract=CONTRACTS["chat"])
    if rule == "preference-pairs":
        output = WORDS.map(lambda word: [{"role": "assistant", "content": word}])
        rows = st.fixed_dictionaries(
            {"input": WORDS, "preferred_output": output, "non_preferred_output": output}
        )
        return Subject(STAGES[rule], rule, rows=rows, contract=CONTRACTS["preference"])
    if rule in PAIRS:
        rows = st.fixed_dictionaries(PAIRS[rule])
        return Subject(STAGES[rule], rule, rows=rows, contract=CONTRACTS["completion"])
    return Subject(STAGES[rule], rule)


@parametrize_with_checks(map(subject, STAGES))
def test_promises(stage: object, check: Check) -> None:
    check(stage)
