from __future__ import annotations

import pytest

from pitchpipe.records import Severity


def test_a_separator_in_a_prompt_is_an_error_without_a_fix(frame, bound, find) -> None:
    chunk = frame(prompt=["a", "b##c", None, "d##"], completion=["x", " y", "z", "no prefix"])
    [finding] = find(bound("separator-in-prompt"), chunk)
    assert finding.severity is Severity.ERROR
    assert (finding.count, finding.lines) == (2, (3, 5))
    assert finding.before == "'b##c'"
    assert "'##'" in finding.message
    assert finding.fix is None


@pytest.mark.parametrize(
    ("prompt", "completion", "count"),
    [
        ("a##", " x", 0),
        ("a##", "x", 1),
        ("a##", None, 1),
        ("a##b##", " x", 1),
        ("##a", " x", 1),
    ],
)
def test_rows_that_are_records_already_are_left_alone(
    prompt, completion, count, frame, bound, find
) -> None:
    found = find(bound("separator-in-prompt"), frame(prompt=[prompt], completion=[completion]))
    assert sum(f.count for f in found) == count


@pytest.mark.parametrize(
    ("record_format", "options"), [("chat", {"separator": "##"}), ("completion", {"separator": ""})]
)
def test_no_separator_is_looked_for_where_there_is_none(
    record_format, options, frame, bound, find
) -> None:
    chunk = frame(prompt=["a##b"], completion=["x"])
    assert find(bound("separator-in-prompt", record_format, **options), chunk) == []


def test_a_stop_in_a_completion_is_a_warning(frame, bound, find) -> None:
    chunk = frame(prompt=["a"] * 4, completion=["x\n", "y", "z END", None])
    [finding] = find(bound("stop-in-completion", stop=["\n", " END"]), chunk)
    assert finding.severity is Severity.WARNING
    assert (finding.count, finding.lines, finding.before) == (2, (2, 4), r"'x\n'")
    assert r"'\n' or ' END'" in finding.message


def test_what_is_trained_counts_and_not_the_label(frame, bound, find) -> None:
    validator = bound("stop-in-completion", stop=["!"], mapping={"a!": "a", "b": "b!"})
    [finding] = find(validator, frame(prompt=["q", "q"], completion=["a!", "b"]))
    assert finding.lines == (3,)


@pytest.mark.parametrize(
    ("prompt", "completion", "found"),
    [
        ("q##", " x END", False),
        ("q##", " x END END", True),
        ("q", " x END", True),
    ],
)
def test_the_suffix_of_a_record_is_no_stop_inside_it(
    prompt, completion, found, frame, bound, find
) -> None:
    validator = bound("stop-in-completion", stop=["\n", " END"], suffix=" END")
    chunk = frame(prompt=[prompt], completion=[completion])
    assert bool(find(validator, chunk)) is found


def test_without_stops_nothing_is_cut_off(frame, bound, find) -> None:
    chunk = frame(prompt=["q"], completion=["x\n"])
    assert find(bound("stop-in-completion", stop=()), chunk) == []


def test_the_last_answer_of_a_talk_may_hold_a_stop(frame, bound, find, talk) -> None:
    chunk = frame(
        messages=[talk("q\n", "a"), talk("q", "a\n"), talk("q\n"), talk("q", None), "odd"]
    )
    [finding] = find(bound("stop-in-completion", "chat"), chunk)
    assert finding.lines == (3,)
