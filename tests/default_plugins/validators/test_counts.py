from __future__ import annotations

import pytest

from pitchpipe.records import Severity


def test_two_classes_of_some_rows_are_fine(frame, bound, find) -> None:
    chunk = frame(prompt=["q"] * 8, completion=["pos", "neg"] * 4)
    assert find(bound("class-counts"), chunk) == []


def test_one_class_is_an_error(frame, bound, find) -> None:
    chunk = frame(prompt=["q"] * 9, completion=["pos"] * 8 + [None])
    [finding] = find(bound("class-counts"), chunk)
    assert finding.severity is Severity.ERROR
    assert finding.message == "every completion is 'pos': there is nothing to tell apart"
    assert finding.count == 8


def test_a_label_seen_once_is_a_warning_with_its_line(frame, bound, find) -> None:
    chunks = (
        frame(prompt=["q"] * 9, completion=["pos", "neg", "negg", *["pos"] * 6]),
        frame(11, prompt=["q"] * 9, completion=["odd", *["neg"] * 8]),
    )
    [finding] = find(bound("class-counts"), *chunks)
    assert finding.severity is Severity.WARNING
    assert (finding.count, finding.lines, finding.before) == (2, (4, 11), "'negg'")
    assert finding.message == "2 labels seen only once: 'negg', 'odd'"


def test_a_label_seen_once_in_each_of_two_chunks_is_seen_twice(frame, bound, find) -> None:
    chunks = [frame(at, prompt=["q"] * 4, completion=["a", "b", "b", "b"]) for at in (2, 6)]
    assert find(bound("class-counts"), *chunks) == []


def test_only_five_of_many_labels_are_listed(frame, bound, find) -> None:
    chunk = frame(prompt=["q"] * 30, completion=[*"abcdefg", *["x"] * 23])
    [finding] = find(bound("class-counts"), chunk)
    assert finding.message == "7 labels seen only once: 'a', 'b', 'c', 'd', 'e', ..."


@pytest.mark.parametrize(
    "completions",
    [
        ["a", "b", "c", "d"],
        [f"label {n // 4}" for n in range(51 * 4)],
        ["x" * 201] * 9,
        [None] * 9,
    ],
)
def test_free_text_has_no_classes(completions, frame, bound, find) -> None:
    chunk = frame(prompt=["q"] * len(completions), completion=completions)
    assert find(bound("class-counts"), chunk, frame(500, prompt=["q"], completion=["x"])) == []


def test_labels_of_the_contract_are_classes_however_few_the_rows(frame, bound, find) -> None:
    chunk = frame(prompt=["q"] * 3, completion=["a", "b", "b"])
    assert find(bound("class-counts"), chunk) == []
    [finding] = find(bound("class-counts", labels=["a", "b"]), chunk)
    assert finding.lines == (2,)


def test_numbers_and_last_answers_are_labels_too(frame, bound, find, talk) -> None:
    [finding] = find(bound("class-counts"), frame(prompt=["q"] * 5, completion=[1, 1, "1", 1, 1]))
    assert finding.before == "'1'"
    talks = frame(messages=[talk("q", "yes")] * 5)
    [finding] = find(bound("class-counts", "chat"), talks)
    assert finding.before == "'yes'"


def test_preferences_have_no_classes(frame, bound, find) -> None:
    chunk = frame(input=["q"] * 9, preferred_output=["x"] * 9, non_preferred_output=["y"] * 9)
    assert find(bound("class-counts", "preference"), chunk) == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (0, "no rows to learn from"),
        (1, "only 1 row to learn from"),
        (9, "only 9 rows to learn from"),
    ],
)
def test_fewer_than_ten_examples_are_an_error(rows, message, frame, bound, find) -> None:
    [finding] = find(bound("too-few-examples"), frame(prompt=["q"] * rows))
    assert finding.severity is Severity.ERROR
    assert finding.message == message
    assert "at least 10" in finding.expected


def test_ten_examples_are_enough(frame, bound, find) -> None:
    chunks = frame(prompt=["q"] * 6), frame(8, prompt=["q"] * 4)
    assert find(bound("too-few-examples"), *chunks) == []


def test_what_is_held_out_is_not_trained_on(frame, bound, find) -> None:
    rule = bound("too-few-training-records")
    chunk = frame(prompt=["q"] * 12, split=["train"] * 9 + ["valid"] * 3)
    [finding] = find(rule, chunk)
    assert finding.severity is Severity.ERROR
    assert finding.message == "only 9 rows to train on after the split"
    assert find(rule, chunk, frame(14, prompt=["q"], split=["train"])) == []


def test_too_many_labels_in_one_part_are_too_many_in_all(frame, bound) -> None:
    rule = bound("class-counts")
    many = rule.observe(rule.start(), frame(prompt=["q"] * 51, completion=map(str, range(51))))
    few = rule.observe(rule.start(), frame(60, prompt=["q"] * 300, completion=["x"] * 300))
    assert rule.conclude(few)
    for a, b in [(few, many), (many, few)]:
        assert list(rule.conclude(rule.merge(a, b))) == []


def ending(*ends, turns=1):
    user, said = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
    before = [user, said] * (turns - 1)
    return [[*before, user, {"role": "assistant", "content": end}] for end in ends]


@pytest.mark.parametrize("rule", ["class-counts", "class-imbalance", "label-noise"])
def test_what_closes_a_conversation_is_no_label(rule, frame, bound, find) -> None:
    ends = ["Done."] * 20 + ["done.", "Watered."]
    labels, talks = ending(*ends), ending(*ends, turns=2)
    assert find(bound(rule, "chat"), frame(messages=labels)) != []
    assert find(bound(rule, "chat"), frame(messages=talks)) == []
    one = frame(500, messages=talks[:1])
    for chunks in ((frame(messages=labels), one), (one, frame(messages=labels))):
        assert find(bound(rule, "chat"), *chunks) == []
    tools = frame(messages=labels, tools=[None] * 21 + [[{"type": "function"}]])
    assert find(bound(rule, "chat"), tools) == []


@pytest.mark.parametrize("rule", ["class-counts", "class-imbalance", "label-noise"])
@pytest.mark.parametrize("turns", [1, 2])
def test_the_task_that_the_user_names_counts(rule, turns, frame, bound, find) -> None:
    chunk = frame(messages=ending(*["Done."] * 20, "done.", "Watered.", turns=turns))
    plain = frame(prompt=["q"] * 22, completion=["Done."] * 20 + ["done.", "Watered."])
    for kind, rows in (("chat", chunk), ("completion", plain)):
        assert find(bound(rule, kind, task="classification"), rows) != []
        assert find(bound(rule, kind, task="text"), rows) == []


def test_one_answer_to_everything_is_told_and_no_error(frame, bound, find) -> None:
    chunk = frame(messages=ending(*["Done."] * 9))
    [finding] = find(bound("class-counts", "chat"), chunk)
    assert (finding.severity, finding.count) == (Severity.WARNING, 9)
    assert "every answer is 'Done.'" in finding.message
    [finding] = find(bound("class-counts", "chat", task="classification"), chunk)
    assert finding.severity is Severity.ERROR
    assert find(bound("class-counts", "chat"), frame(messages=ending("Done."))) == []


def test_parts_of_content_are_no_labels(frame, bound, find) -> None:
    parts = [[{"type": "text", "text": text}] for text in ["yes"] * 20 + ["no"]]
    assert find(bound("class-counts", "chat"), frame(messages=ending(*parts))) == []


def test_calls_count_as_labels_by_what_they_do(frame, bound, find) -> None:
    def calling(number, arguments):
        function = {"name": "f", "arguments": arguments}
        made = {"role": "assistant", "tool_calls": [{"id": f"c{number}", "function": function}]}
        return [{"role": "user", "content": f"q{number}"}, made]

    rows = [calling(n, (' {"b":2, "a":1}', '{"a": 1, "b": 2.0}')[n % 2]) for n in range(9)]
    [finding] = find(bound("class-counts", "chat", task="classification"), frame(messages=rows))
    assert finding.severity is Severity.ERROR
    assert '"arguments": {"a": 1, "b": 2}' in finding.message
