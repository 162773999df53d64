from __future__ import annotations

import pandas as pd
import pytest

from pitchpipe.records import Severity


def test_columns_that_are_there_are_no_finding(frame, bound, find) -> None:
    validator = bound("required-columns")
    assert find(validator, frame(prompt=["a"], completion=["b"], more=["c"])) == []


def test_a_missing_column_is_named_with_those_found_and_a_close_one(frame, bound, find) -> None:
    [finding] = find(bound("required-columns"), frame(prompt=["a", "b"], completions=["c", "d"]))
    assert finding.severity is Severity.ERROR
    assert finding.message == "no column 'completion'"
    assert "found 'completions', 'prompt'" in finding.expected
    assert "'completion' may be 'completions'" in finding.expected
    assert finding.count == 2
    assert finding.fix is None


def test_no_columns_at_all_name_all_that_are_needed(bound, find) -> None:
    [finding] = find(bound("required-columns"), pd.DataFrame(index=pd.RangeIndex(1, 1)))
    assert finding.message == "no column 'prompt' and no column 'completion'"
    assert finding.expected == "the columns prompt + completion; found none"


@pytest.mark.parametrize(
    ("record_format", "there", "missing"),
    [
        ("chat", ["messages"], ""),
        ("chat", ["prompt", "completion"], ""),
        ("chat", ["prompt"], "no column 'completion'"),
        ("chat", ["text"], "no column 'messages'"),
        ("preference", ["input", "preferred_output", "non_preferred_output"], ""),
        ("preference", ["prompt", "preferred_output", "non_preferred_output"], ""),
        ("preference", ["prompt", "preferred_output"], "no column 'non_preferred_output'"),
        (
            "preference",
            ["preferred_output"],
            "no column 'input' and no column 'non_preferred_output'",
        ),
    ],
)
def test_each_format_has_its_columns(record_format, there, missing, frame, bound, find) -> None:
    chunk = frame(**{column: ["x"] for column in there})
    findings = find(bound("required-columns", record_format), chunk)
    assert [f.message for f in findings] == ([missing] if missing else [])


def test_columns_may_come_in_different_chunks(frame, bound, find) -> None:
    chunks = frame(prompt=["a"]), frame(3, prompt=["b"], completion=["c"])
    assert find(bound("required-columns"), *chunks) == []


@pytest.mark.parametrize("empty", [None, float("nan"), pd.NA, "", " \t\n", [], {}])
def test_rows_with_an_empty_field_can_be_dropped(empty, frame, bound, find) -> None:
    chunk = frame(prompt=["a", empty, "b", "c"], completion=["x", "y", empty, 0])
    [finding] = find(bound("empty-fields"), chunk)
    assert finding.severity is Severity.ERROR
    assert (finding.count, finding.lines, finding.unit) == (2, (3, 4), "line")
    assert finding.message == "2 rows with nothing in prompt or completion"
    assert finding.fix.description == "drop 2 rows with an empty field"
    assert finding.fix.apply(chunk).index.tolist() == [2, 5]


def test_only_five_places_are_named_and_all_are_counted(frame, bound, find) -> None:
    chunk = frame(prompt=["a", *[None] * 9], completion=["x"] * 10)
    [finding] = find(bound("empty-fields"), chunk)
    assert (finding.count, finding.lines) == (9, (3, 4, 5, 6, 7))


def test_a_column_with_nothing_in_it_is_named_and_not_dropped(frame, bound, find) -> None:
    chunk = frame(prompt=["a", "b"], completion=[None, " "])
    [finding] = find(bound("empty-fields"), chunk)
    assert finding.message == "column 'completion' has nothing in any row"
    assert finding.fix is None
    assert finding.count == 2


def test_a_missing_column_is_not_an_empty_one(frame, bound, find) -> None:
    assert find(bound("empty-fields"), frame(prompt=["a", None])) == []


def test_a_key_left_out_of_later_records_is_an_empty_field(frame, bound, find) -> None:
    chunks = frame(prompt=["a"], completion=["x"]), frame(3, prompt=["b"])
    [finding] = find(bound("empty-fields"), *chunks)
    assert finding.lines == (3,)
    assert finding.fix.apply(chunks[1]).empty


def test_other_columns_may_be_empty(frame, bound, find) -> None:
    chunk = frame(messages=[["m"], ["m"]], prompt=[None, None], completion=[None, "x"])
    assert find(bound("empty-fields", "chat"), chunk) == []
