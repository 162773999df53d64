from __future__ import annotations

import numpy as np
import pandas as pd

from pitchpipe.records import Severity


def test_repeated_rows_are_dropped_but_for_the_first(frame, bound, find) -> None:
    chunks = (
        frame(prompt=["a", "b", "a"], completion=["x", "x", "y"], more=[1, 2, 3]),
        frame(5, prompt=["a", "b", "a"], completion=["x", "x", "x"], more=[4, 5, 6]),
    )
    [finding] = find(bound("duplicate-rows"), *chunks)
    assert finding.severity is Severity.WARNING
    assert (finding.count, finding.lines, finding.unit) == (3, (5, 6, 7), "line")
    assert finding.fix.description == "drop 3 rows, keeping the first of each"
    assert finding.fix.apply(chunks[0]).index.tolist() == [2, 3, 4]
    assert finding.fix.apply(chunks[1]).empty


def test_a_number_repeats_the_text_that_it_is_written_as(frame, bound, find) -> None:
    chunk = frame(prompt=["1", 1, np.int64(1), True, "true", 1.5], completion=["x"] * 6)
    [finding] = find(bound("duplicate-rows"), chunk)
    assert finding.lines == (3, 4, 6)


def test_nothing_is_not_the_text_of_nothing(frame, bound, find) -> None:
    chunk = frame(prompt=["None", None, "null", "nan", ""], completion=["x"] * 5)
    assert find(bound("duplicate-rows"), chunk) == []


def test_all_kinds_of_nothing_are_alike(frame, bound, find) -> None:
    chunk = frame(prompt=["a", "a", "a"], completion=[None, float("nan"), pd.NA])
    [finding] = find(bound("duplicate-rows"), chunk)
    assert finding.count == 2


def test_cells_do_not_run_into_each_other(frame, bound, find) -> None:
    chunk = frame(prompt=["ab", "a", "x", "y"], completion=["c", "bc", "y", "x"])
    assert find(bound("duplicate-rows"), chunk) == []


def test_text_that_is_no_unicode_is_compared_as_well(frame, bound, find) -> None:
    chunks = (
        frame(prompt=["\ud800", "\udc00", "é"], completion=["x"] * 3),
        frame(5, prompt=["\ud800", "é"], completion=["x"] * 2),
    )
    [finding] = find(bound("duplicate-rows"), *chunks)
    assert finding.lines == (5, 6)


def test_talks_repeat_with_their_tools(frame, bound, find, talk) -> None:
    chunk = frame(
        messages=[talk("q", "a"), talk("q", "a"), talk("q", "b"), talk("q", "a")],
        tools=[None, [{"name": "t"}], None, None],
    )
    [finding] = find(bound("duplicate-rows", "chat"), chunk)
    assert finding.lines == (5,)


def test_a_list_is_not_the_text_that_spells_it(frame, bound, find) -> None:
    rest = {"preferred_output": ["x"] * 2, "non_preferred_output": ["y"] * 2}
    chunk = frame(input=[["a"], '["a"]'], **rest)
    assert find(bound("duplicate-rows", "preference"), chunk) == []


def test_a_date_from_a_sheet_is_compared_by_its_text(frame, bound, find) -> None:
    day = pd.Timestamp("2026-01-06").to_pydatetime()
    chunk = frame(prompt=[day, day], completion=["x", "x"])
    [finding] = find(bound("duplicate-rows"), chunk)
    assert finding.count == 1


def test_conflicts_are_all_rows_of_a_prompt_with_different_completions(frame, bound, find) -> None:
    chunks = (
        frame(prompt=["a", "b", "c", "a"], completion=["x", "x", "x", "x"]),
        frame(6, prompt=["b", "a", "d", "d", "e"], completion=["y", "y", None, "x", " "]),
    )
    [finding] = find(bound("conflicting-completions"), *chunks)
    assert finding.severity is Severity.WARNING
    assert (finding.count, finding.lines) == (5, (2, 3, 5, 6, 7))
    assert finding.message.endswith("(2 such prompts)")
    assert finding.fix is None


def test_the_same_completion_twice_is_no_conflict(frame, bound, find) -> None:
    chunk = frame(prompt=["a", "a", "b", None, None], completion=["x", "x", "y", "x", "y"])
    assert find(bound("conflicting-completions"), chunk) == []


def test_talks_conflict_in_their_last_answer(frame, bound, find, talk) -> None:
    chunk = frame(
        messages=[talk("q", "a"), talk("q", "b"), talk("r", "a"), talk("q"), None, talk("q", "c")],
        tools=[None, None, None, None, None, [{"name": "t"}]],
    )
    [finding] = find(bound("conflicting-completions", "chat"), chunk)
    assert finding.lines == (2, 3)
    assert finding.message.endswith("(1 such prompt)")


def test_one_input_may_have_many_preferences(frame, bound, find) -> None:
    chunk = frame(input=["a"] * 2, preferred_output=["x", "y"], non_preferred_output=["z"] * 2)
    assert find(bound("conflicting-completions", "preference"), chunk) == []


def test_a_held_out_prompt_that_is_trained_on_is_a_leak(frame, bound, find) -> None:
    chunks = (
        frame(prompt=["a", "b", "c"], completion=["x"] * 3, split=["train", "train", "valid"]),
        frame(5, prompt=["a", "c", "d"], completion=["y"] * 3, split=["valid", "valid", "train"]),
    )
    [finding] = find(bound("prompt-leakage"), *chunks)
    assert finding.severity is Severity.WARNING
    assert (finding.count, finding.lines) == (1, (5,))
    assert "1 row held out" in finding.message


def test_prompts_on_one_side_do_not_leak(frame, bound, find) -> None:
    chunk = frame(prompt=["a", "a", "b"], split=["train", "train", "valid"])
    assert find(bound("prompt-leakage"), chunk) == []


def test_leaks_are_seen_in_talks_and_inputs(frame, bound, find, talk) -> None:
    sides = ["train", "valid", "valid"]
    chats = frame(messages=[talk("q", "a"), talk("q", "b"), talk("r", "a")], split=sides)
    [finding] = find(bound("prompt-leakage", "chat"), chats)
    assert finding.lines == (3,)
    inputs = frame(input=[{"messages": talk(text)} for text in "qrq"], split=sides)
    [finding] = find(bound("prompt-leakage", "preference"), inputs)
    assert finding.lines == (4,)
