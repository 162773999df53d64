from __future__ import annotations

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


def test_cells_do_not_run_into_each_other(frame, bound, find) -> None:
    chunk = frame(prompt=["ab", "a", "x", "y"], completion=["c", "bc", "y", "x"])
    assert find(bound("duplicate-rows"), chunk) == []


def test_conflicts_are_all_rows_of_a_prompt_with_different_completions(frame, bound, find) -> None:
    chunks = (
        frame(prompt=["a", "b", "c", "a"], completion=["x", "x", "x", "x"]),
        frame(6, prompt=["b", "a", "d", "e"], completion=["y", "y", "x", "x"]),
    )
    [finding] = find(bound("conflicting-completions"), *chunks)
    assert finding.severity is Severity.WARNING
    assert (finding.count, finding.lines) == (5, (2, 3, 5, 6, 7))
    assert finding.message.endswith("(2 such prompts)")
    assert finding.fix is None


def test_the_same_completion_twice_is_no_conflict(frame, bound, find) -> None:
    chunk = frame(prompt=["a", "a", "b"], completion=["x", "x", "y"])
    assert find(bound("conflicting-completions"), chunk) == []


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


def test_continuing_from_nothing_is_no_conflict(frame, bound, find) -> None:
    chunk = frame(prompt=["", "", ""], completion=["x", "y", "z"])
    assert find(bound("conflicting-completions"), chunk) == []
