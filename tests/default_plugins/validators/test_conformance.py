"""Every rule keeps the promises of a validator, whatever it looks for."""

from __future__ import annotations

from hypothesis import strategies as st

from pitchpipe.default_plugins.validators.token_limit import TokenLimit
from pitchpipe.plugins import PluginHost
from pitchpipe.testing import Check, Subject, parametrize_with_checks
from pitchpipe.testing.conformance.sources import CONTRACTS

RULES = PluginHost(entry_points=False).validators

WORDS = st.sampled_from(["x", "y", "z"])
ENDS = st.sampled_from([["user"], ["assistant"], ["assistant", "user"], ["robot"]])


def talk(roles: list[str]) -> list[dict[str, str]]:
    return [{"role": role, "content": "x"} for role in ("user", *roles)]


PAIRS = {
    "completion-prefix": {"prompt": WORDS, "completion": WORDS.map("answer: {}".format)},
    "label-noise": {"prompt": WORDS, "completion": st.sampled_from(["yes", "yes", "Yes", "no"])},
    "prompt-prefix": {"prompt": WORDS.map("Classify the text: {}".format), "completion": WORDS},
    "token-limit": {"prompt": st.text(max_size=9), "completion": st.just(" yes")},
}
"""Rows for rules that find something only in rows of their own kind."""

STAGES = {rule: RULES.create(rule) for rule in RULES.names()} | {
    "token-limit": TokenLimit(max_tokens=4)
}


def subject(rule: str) -> Subject:
    if rule == "message-roles":
        rows = st.fixed_dictionaries({"messages": ENDS.map(talk)})
        return Subject(STAGES[rule], rule, rows=rows, contract=CONTRACTS["chat"])
    if rule in PAIRS:
        rows = st.fixed_dictionaries(PAIRS[rule])
        return Subject(STAGES[rule], rule, rows=rows, contract=CONTRACTS["completion"])
    return Subject(STAGES[rule], rule)


@parametrize_with_checks(map(subject, STAGES))
def test_promises(stage: object, check: Check) -> None:
    check(stage)
