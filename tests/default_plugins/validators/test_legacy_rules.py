"""What prepare_data of the openai package 0.27.8 looked for, rule by rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.affixes import ENDINGS, SEPARATORS
from pitchpipe.default_plugins.validators._affixes import Append, RemovePrefix
from pitchpipe.default_plugins.validators._tasks import MOST_KEPT, Distinct
from pitchpipe.default_plugins.validators.additional_columns import Drop
from pitchpipe.default_plugins.validators.column_case import Rename
from pitchpipe.default_plugins.validators.completion_space import PutSpace
from pitchpipe.default_plugins.validators.long_examples import DropLong
from pitchpipe.default_plugins.validators.upper_case import LowerCase
from pitchpipe.errors import ConfigError
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Contract, Severity

LETTERS = st.text("aAzZ0 \u00e4\u00c4\u00df\u0130\u03a3\u01c5\U0001d400\u4e2d", max_size=6)


@pytest.fixture(scope="session")
def rule():
    """Makes a registered rule with options."""
    host = PluginHost(entry_points=False)

    def make(name: str, **options: Any):
        return host.validators.create(name, options).bind(Contract("completion", "completion"))

    return make


@pytest.fixture
def fixed(find):
    """A column after a rule's fix, and the finding."""

    def run(validator, chunk, column):
        (finding,) = find(validator, chunk)
        assert finding.severity is Severity.WARNING
        return finding.fix.apply(chunk)[column].tolist(), finding

    return run


def test_column_case_means_the_first_that_differs_in_case_only(frame, find, rule) -> None:
    chunk = frame(PROMPT=["a"], Prompt=["b"], completion=["c"])
    (finding,) = find(rule("column-case"), chunk)
    assert finding.fix.apply == Rename({"PROMPT": "prompt"})
    assert (finding.severity, finding.fix.level) == (Severity.NOTE, "required")
    assert list(finding.fix.apply(chunk).columns) == ["prompt", "Prompt", "completion"]
    assert not find(rule("column-case"), frame(prompt=["a"], Prompt=["b"]))


def test_columns_of_later_chunks_count(frame, find, rule) -> None:
    chunks = frame(Prompt=["a"], completion=["b"]), frame(3, prompt=["a"], Completion=[""], x=[1])
    assert not find(rule("column-case"), *chunks)
    (finding,) = find(rule("additional-columns"), *chunks)
    assert finding.fix.apply == Drop(("Prompt", "Completion", "x"))


def test_additional_columns_are_left_out_of_plain_tables_only(frame, find, rule) -> None:
    chunk = frame(id=[1], Prompt=["a"], note=["x"], completion=["b"])
    (finding,) = find(rule("additional-columns"), chunk)
    assert finding.severity is Severity.NOTE
    assert list(finding.fix.apply(chunk).columns) == ["Prompt", "completion"]
    for table in ({"text": ["a"], "tag": ["b"]}, {"messages": [[]], "id": [1]}):
        assert not find(rule("additional-columns"), frame(**table))


@pytest.mark.parametrize(("rows", "asked"), [(99, True), (100, False)])
def test_example_count_asks_for_more_below_a_hundred(frame, find, rule, rows, asked) -> None:
    (finding,) = find(rule("example-count"), frame(prompt=["a"] * rows))
    assert finding.message == f"the file holds {rows} examples"
    assert bool(finding.expected) == asked


@pytest.mark.parametrize(
    ("prompts", "completions", "words"),
    [
        (["", ""], ["a", "b"], "continuing texts from nothing: all prompts are empty"),
        (["x"] * 7, list("aabbabb"), "classification: 7 rows have 2 different completions"),
        (["x"] * 6, list("aabbab"), "answering in free text: 6 rows have 2 different"),
    ],
)
def test_task_tells_the_kind(frame, find, rule, prompts, completions, words) -> None:
    (finding,) = find(rule("task"), frame(prompt=prompts, completion=completions))
    assert words in finding.message
    assert finding.severity is Severity.NOTE


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 60_000), max_size=4))
def test_distinct_values_are_counted_whatever_the_parts(seed, cuts) -> None:
    values = np.random.default_rng(seed).integers(0, 2**64, 60_000, dtype=np.uint64)
    parts = [Distinct.of(part) for part in np.split(values, sorted(cuts))]
    total = sum(parts[1:], parts[0])
    assert total.level == Distinct.of(values).level
    assert np.array_equal(total.kept, Distinct.of(values).kept)
    assert len(total.kept) <= MOST_KEPT
    assert abs(len(total) - len(values)) < 0.05 * len(values)
    assert len(Distinct.of(values[:MOST_KEPT])) == MOST_KEPT


def test_long_examples_are_dropped_and_no_others(frame, fixed, rule) -> None:
    chunk = frame(prompt=["abc", "ab", "abcd"], completion=["de", "cde", "ef"])
    kept, finding = fixed(rule("long-examples", limit=5), chunk, "completion")
    assert kept == ["de", "cde"]
    assert finding.lines == (4,)
    assert finding.fix.apply == DropLong(5)


def test_texts_to_be_continued_may_be_long(frame, find, rule) -> None:
    assert not find(
        rule("long-examples", limit=5), frame(prompt=["", ""], completion=["a" * 9] * 2)
    )


@given(st.lists(LETTERS, max_size=6))
def test_capitals_are_counted_as_unicode_has_them(frame, find, rule, texts) -> None:
    chunk = frame(prompt=texts)
    upper = sum(c.isalpha() and c.isupper() for text in texts for c in text)
    lower = sum(c.isalpha() and c.islower() for text in texts for c in text)
    findings = find(rule("upper-case-prompts", level="recommended"), chunk)
    changes = [text.lower() for text in texts] != texts
    assert bool(findings) == (upper * 2 > lower and changes)
    if findings:
        assert findings[0].fix.level == "recommended"
        assert findings[0].fix.apply == LowerCase("prompt")
        assert findings[0].fix.apply(chunk)["prompt"].tolist() == [t.lower() for t in texts]


def test_each_column_has_its_own_capitals(frame, find, rule) -> None:
    chunk = frame(prompt=["abc"], completion=["ABC"])
    assert not find(rule("upper-case-prompts"), chunk)
    (finding,) = find(rule("upper-case-completions"), chunk)
    assert (finding.rule, finding.before, finding.after) == (
        "upper-case-completions",
        "'ABC'",
        "'abc'",
    )


@pytest.mark.parametrize(
    ("prompts", "separator"),
    [
        (["a", "b"], " ->"),
        (["a?", "b?"], " ->"),
        (["2.0", "3.0"], " ->"),
        (["a\nb", "c"], "\n\n###\n\n"),
        (["a ->", "c"], "\n\n###\n\n"),
        (["a ->", "c\n\n###\n\nd"], "\n\n===\n\n"),
        (["".join(SEPARATORS[:-1]), "c"], SEPARATORS[-1]),
    ],
)
def test_the_first_separator_that_is_not_in_use_is_put_behind_prompts(
    frame, fixed, rule, prompts, separator
) -> None:
    after, finding = fixed(rule("prompt-separator"), frame(prompt=prompts), "prompt")
    assert after == [prompt + separator for prompt in prompts]
    assert (finding.fix.level, finding.fix.uniform) == ("optional", True)
    assert finding.fix.apply == Append("prompt", separator)


@pytest.mark.parametrize(
    "prompts", [["", ""], [], ["a ->", "b ->"], ["a\n", "b\n"], ["a: x:", "b: x:"]]
)
def test_prompts_may_have_a_separator_or_all_be_empty(frame, find, rule, prompts) -> None:
    assert not find(rule("prompt-separator"), frame(prompt=prompts))


def test_one_prompt_for_all_is_an_error(frame, find, rule) -> None:
    (finding,) = find(rule("prompt-separator"), frame(prompt=["a", "a"]))
    assert (finding.severity, finding.fix, finding.count) == (Severity.ERROR, None, 2)


def test_what_is_no_text_is_not_the_same_as_a_text(frame, find, rule) -> None:
    chunk = frame(prompt=["a", ["a"]], completion=[{"x": 1}, "b"])
    for name in ("prompt-separator", "completion-ending"):
        (finding,) = find(rule(name), chunk)
        assert (finding.severity, finding.count) == (Severity.WARNING, 1)
        assert find(rule(name), chunk.iloc[:1], chunk.iloc[1:]) == [finding]


def test_a_separator_inside_prompts_is_reported(frame, find, rule) -> None:
    (finding,) = find(rule("prompt-separator"), frame(prompt=["a -> b ->", "c ->"]))
    assert "inside" in finding.message
    assert finding.fix is None


def test_candidates_are_the_users(frame, fixed, find, rule) -> None:
    mine = rule("prompt-separator", candidates=["?", "+"])
    assert fixed(mine, frame(prompt=["a?", "b"]), "prompt")[0] == ["a?+", "b+"]
    assert not find(mine, frame(prompt=["a?", "b?"]))
    (finding,) = find(mine, frame(prompt=["a?+b", "c"]))
    assert finding.fix is None
    assert "name another" in finding.expected
    for rules in ("prompt-separator", "completion-ending"):
        with pytest.raises(ConfigError, match="candidates"):
            rule(rules, candidates=[""])


def test_a_long_common_beginning_of_prompts_is_removed(frame, fixed, find, rule) -> None:
    chunk = frame(prompt=["Classify this: a", "Classify this: b"])
    after, finding = fixed(rule("prompt-prefix"), chunk, "prompt")
    assert after == ["a", "b"]
    assert finding.fix.apply == RemovePrefix("prompt", "Classify this: ")
    assert not find(rule("prompt-prefix"), frame(prompt=["Exactly 12: a", "Exactly 12: b"]))
    assert not find(rule("prompt-prefix"), frame(prompt=["Classify this: a"] * 2))


@pytest.mark.parametrize("end", ["", "\n\n###\n\n", " ->"])
def test_no_prompt_is_emptied(frame, find, rule, end) -> None:
    chunk = frame(prompt=[f"Classify this: {end}", f"Classify this: b{end}"])
    (finding,) = find(rule("prompt-prefix"), chunk)
    assert finding.fix is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["tag: a", "tag: b"], ["a", "b"]),
        ([" tag: a", " tag: b"], [" a", " b"]),
        (["tags:\n", "tags: b\n"], None),
        (["tag: ", "tag: b"], None),
        ([" tag:***", " tag: b***"], None),
    ],
)
def test_a_long_common_beginning_of_completions_is_removed(
    frame, find, rule, before, after
) -> None:
    chunk = frame(completion=before)
    (finding,) = find(rule("completion-prefix"), chunk)
    assert (finding.fix and finding.fix.apply(chunk)["completion"].tolist()) == after


def test_short_or_single_beginnings_of_completions_stay(frame, find, rule) -> None:
    assert not find(rule("completion-prefix"), frame(completion=["abcdx", "abcdy"]))
    assert not find(rule("completion-prefix"), frame(completion=["abcdef"] * 2))


@given(LETTERS, st.lists(LETTERS, min_size=1, max_size=4))
def test_a_prefix_is_found_again_in_lower_case(frame, prefix, texts) -> None:
    chunk = frame(prompt=[prefix + text for text in texts])
    lowered = LowerCase("prompt")(chunk)
    after = RemovePrefix("prompt", prefix)(lowered)["prompt"].tolist()
    assert [a.casefold() for a in after] == [text.lower().casefold() for text in texts]


@pytest.mark.parametrize(
    ("completions", "ending"),
    [
        (["a", "b"], "\n"),
        (["a}", "b}"], "\n"),
        (["a\nb", "b"], "."),
        (["a.\nb.", "c."], " END"),
        (["".join(ENDINGS[:-1]), "b"], " [END]"),
    ],
)
def test_the_first_ending_that_is_not_in_use_is_put_behind_answers(
    frame, fixed, rule, completions, ending
) -> None:
    chunk = frame(prompt=["x", "y"], completion=completions)
    after, finding = fixed(rule("completion-ending"), chunk, "completion")
    assert after == [completion + ending for completion in completions]
    assert finding.fix.uniform


@pytest.mark.parametrize(
    "completions", [["a\n", "b\n"], ["a.", "b."], ["a\nb.", "b."], ["a END", "b END"]]
)
def test_answers_may_have_an_ending(frame, find, rule, completions) -> None:
    chunk = frame(prompt=["x", "y"], completion=completions)
    assert not find(rule("completion-ending"), chunk)


def test_labels_and_continuations_need_no_ending(frame, find, rule) -> None:
    for prompts, completions in ((["x"] * 7, list("aabbabb")), (["", ""], ["a", "b"])):
        chunk = frame(prompt=prompts, completion=completions)
        assert not find(rule("completion-ending"), chunk)


def test_one_answer_for_all_is_an_error(frame, find, rule) -> None:
    (finding,) = find(rule("completion-ending"), frame(prompt=["x", "y"], completion=["a", "a"]))
    assert (finding.severity, finding.fix) == (Severity.ERROR, None)


def test_an_ending_inside_answers_is_reported(frame, find, rule) -> None:
    chunk = frame(prompt=["x", "y"], completion=["a\nb\n", "c\n"])
    (finding,) = find(rule("completion-ending"), chunk)
    assert "inside" in finding.message
    assert finding.fix is None


@pytest.mark.parametrize(
    ("before", "after", "lines", "uniform"),
    [
        (["a", "b"], [" a", " b"], (2, 3), True),
        ([" a", "b", ""], [" a", " b", ""], (3,), False),
        (["label a", "label  b"], [" label a", " label  b"], (2, 3), False),
    ],
)
def test_a_space_is_put_before_completions(
    frame, fixed, rule, before, after, lines, uniform
) -> None:
    spaced, finding = fixed(rule("completion-space"), frame(completion=before), "completion")
    assert spaced == after
    assert finding.lines == lines
    assert finding.fix.uniform == uniform
    assert finding.fix.apply == PutSpace("completion")


def test_the_space_may_be_there(frame, find, rule) -> None:
    assert not find(rule("completion-space"), frame(completion=[" a", "  b"]))
