from __future__ import annotations

from pitchpipe.default_plugins.formatters import (
    ChatFormatter,
    CompletionFormatter,
    PreferenceFormatter,
)
from pitchpipe.testing import Check, Subject, parametrize_with_checks

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
        PreferenceFormatter(),
        Subject(PreferenceFormatter("Be brief.", 7, ("!",)), "PreferenceWithSystem"),
    ]
)
def test_promises(stage: object, check: Check) -> None:
    check(stage)
