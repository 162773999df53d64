from __future__ import annotations

from hypothesis import strategies as st

from pitchpipe.testing import Check, Subject, parametrize_with_checks
from pitchpipe_formats import AlpacaFormatter, HFPreferenceFormatter, ShareGPTFormatter

texts = st.text(max_size=5) | st.sampled_from(["a", "yes", "two words"])
talks = st.lists(
    st.fixed_dictionaries({"from": st.sampled_from(["human", "gpt", "system"]), "value": texts}),
    min_size=1,
    max_size=4,
)
alpaca = st.fixed_dictionaries(
    {"instruction": texts, "output": texts},
    optional={
        "input": texts,
        "system": texts,
        "history": st.lists(st.lists(texts, min_size=2, max_size=2), max_size=2),
    },
)
sharegpt = st.fixed_dictionaries(
    {"conversations": talks},
    optional={"system": texts, "tools": st.sampled_from([None, '[{"name": "f"}]'])},
)
preferences = st.fixed_dictionaries({"prompt": texts, "chosen": texts, "rejected": texts})


@parametrize_with_checks(
    [
        AlpacaFormatter(),
        Subject(AlpacaFormatter("Be brief.", 7, ("!",)), "Alpaca", rows=alpaca),
        Subject(ShareGPTFormatter(), rows=sharegpt),
        Subject(ShareGPTFormatter("Be brief.", 7, ("!",)), "ShareGPT", rows=sharegpt),
        Subject(HFPreferenceFormatter(), rows=preferences),
        Subject(HFPreferenceFormatter("Be brief.", 7, ("!",)), "HFPreference", rows=preferences),
    ]
)
def test_promises(stage: object, check: Check) -> None:
    check(stage)
