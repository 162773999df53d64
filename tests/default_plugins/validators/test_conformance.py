"""Every rule keeps the promises of a validator, whatever it looks for."""

from __future__ import annotations

from hypothesis import strategies as st

from pitchpipe.default_plugins.validators.token_limit import TokenLimit
from pitchpipe.plugins import PluginHost
from pitchpipe.testing import Check, Subject, parametrize_with_checks
from pitchpipe.testing.conformance.sources import CONTRACTS

RULES = PluginHost(entry_points=False).validators

PAIRS = st.fixed_dictionaries({"prompt": st.text(max_size=9), "completion": st.just(" yes")})
SPELLINGS = st.fixed_dictionaries(
    {"prompt": st.just("a"), "completion": st.sampled_from(["yes", "yes", "Yes", " yes", "no"])}
)

HELPED = {
    "label-noise": Subject(RULES.create("label-noise"), "label-noise", rows=SPELLINGS),
    "token-limit": Subject(
        TokenLimit(max_tokens=4), "token-limit", rows=PAIRS, contract=CONTRACTS["completion"]
    ),
}
"""Rules that find something only in rows of their own kind."""


@parametrize_with_checks(
    [HELPED.get(rule) or Subject(RULES.create(rule), rule) for rule in RULES.names()]
)
def test_promises(stage: object, check: Check) -> None:
    check(stage)
