from __future__ import annotations

from hypothesis import strategies as st

from pitchpipe.default_plugins.formatters import (
    ChatFormatter,
    CompletionFormatter,
    PreferenceFormatter,
)
from pitchpipe.testing import Check, Subject, parametrize_with_checks

TALKS = st.fixed_dictionaries(
    {
        "messages": st.builds(
            lambda asked, answered: [
                {"role": "user", "content": asked},
                {"role": "assistant", "content": answered, "weight": 1},
            ],
            st.text(max_size=3),
            st.text(max_size=3),
        ),
        "tools": st.sampled_from([None, [{"type": "function", "function": {"name": "f"}}]]),
    }
)
LABELS = {"yes": "1", "no": "0"}


@parametrize_with_checks(
    [
        CompletionFormatter(),
        Subject(
            CompletionFormatter(" ->", "", " END", ("\n", "!"), LABELS, 7), "CompletionWithSuffix"
        ),
        ChatFormatter(),
        Subject(ChatFormatter("Be brief.", LABELS, stop=("!",)), "ChatWithLabels"),
        Subject(ChatFormatter(extras=True), "ChatWithExtras"),
        Subject(ChatFormatter(), "ChatOfMessages", rows=TALKS),
        PreferenceFormatter(),
        Subject(PreferenceFormatter("Be brief.", 7, ("!",)), "PreferenceWithSystem"),
    ]
)
def test_promises(stage: object, check: Check) -> None:
    check(stage)
