"""How an author's test file uses the kit."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pitchpipe.default_plugins.formatters.completion import CompletionFormatter
from pitchpipe.default_plugins.splitters.random import RandomSplitter
from pitchpipe.errors import UnknownNameError, UsageError
from pitchpipe.testing import Subject, checks_for, parametrize_with_checks
from pitchpipe.testing.conformance.catalogue import PROMISES

DOCS = Path(__file__).parents[3] / "docs"
Suite = Callable[..., pytest.RunResult]

STAGE = """
    from dataclasses import dataclass
    import pandas as pd
    from pitchpipe.stages import Splitter, SplitterCapabilities
    from pitchpipe.testing import Check, Subject, parametrize_with_checks

    @dataclass(frozen=True)
    class FirstRows(Splitter):
        capabilities = SplitterCapabilities(keeps_groups=False, keeps_prompts=False)

        def split(self, index: pd.DataFrame) -> "pd.Series[bool]":
            return pd.Series([n < 1 for n in range(len(index))], index=index.index, dtype=bool)
"""


def test_expected_failures_are_strict_and_keep_their_reason(suite: Suite) -> None:
    result = suite(
        STAGE
        + """
    @parametrize_with_checks([Subject(FirstRows(), expected_failures={
        "some-to-train": "one row is held out", "no-rows": "thought to fail"})])
    def test_promises(stage: object, check: Check) -> None:
        check(stage)
    """,
        "-rx",
    )
    result.assert_outcomes(passed=5, xfailed=1, failed=1)
    result.stdout.fnmatch_lines(["*some-to-train* - one row is held out*"])
    result.stdout.fnmatch_lines(["*XPASS(strict)* thought to fail*"])


def test_a_failure_is_short_and_shows_rows(suite: Suite) -> None:
    result = suite(
        STAGE
        + """
    class TestFirstRows:
        @parametrize_with_checks([FirstRows()])
        def test_promises(self, stage: object, check: Check) -> None:
            check(stage)
    """
    )
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *FirstRows breaks a promise of Splitter: some rows are left to train on "
            "(check 'some-to-train').",
            "E *Smallest example:",
            "E *  line  label  group  prompt",
            "E *  1     'yes'  'a'    1",
            "E *Expected a row that is not held out; found",
        ]
    )
    assert "hypothesis" not in result.stdout.str().split("FAILURES")[1].lower()


def test_an_unknown_expected_failure_is_named_with_the_close_match() -> None:
    wrong = {"some-to-tran": "a slip"}
    subject = Subject(RandomSplitter(), expected_failures=wrong)
    with pytest.raises(UnknownNameError, match="Did you mean 'some-to-train'"):
        parametrize_with_checks([subject])
    with pytest.raises(UnknownNameError, match="Did you mean 'some-to-train'"):
        parametrize_with_checks([RandomSplitter()], expected_failures=wrong)


def test_a_check_that_does_not_run_cannot_be_expected_to_fail() -> None:
    with pytest.raises(UnknownNameError, match="Only checks that run can fail"):
        parametrize_with_checks([RandomSplitter()], expected_failures={"groups-together": "no"})


@pytest.mark.parametrize(
    ("element", "message"),
    [
        (CompletionFormatter, r"a class; expected a stage such as CompletionFormatter\(\)"),
        ("formatter", "'formatter' is no stage; expected one of the kinds Formatter, "),
    ],
)
def test_what_is_no_stage_is_refused(element: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        checks_for(element)


def test_capabilities_choose_the_checks() -> None:
    apart = {check.name for check in checks_for(RandomSplitter(keep_prompts_together=False))}
    together = {check.name for check in checks_for(RandomSplitter())}
    assert together - apart == {"prompts-together"}


def test_nothing_heavy_is_loaded_before_the_kit_is_used() -> None:
    code = "import sys, pitchpipe.testing; sys.exit('hypothesis' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_check_is_in_the_reference_and_nothing_else() -> None:
    page = (DOCS / "reference" / "conformance.md").read_text()
    written = re.findall(r"^## (\w+)$|^\| `([a-z-]+)` \| (.*?) \| (?:`(\w+)`)? *\|$", page, re.M)
    kind, found = "", []
    for heading, name, words, flag in written:
        kind = heading or kind
        if name:
            found.append((kind, name, words, flag))
    existing = [
        (kind.__name__, promise.name, promise.words, promise.flag)
        for kind, promises in PROMISES.items()
        for promise in promises
    ]
    assert found == existing
