"""What may be wrong with labels."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.default_plugins.validators.label_noise import LabelNoise, Relabel


def test_variants_of_a_label_become_the_most_frequent(frame, bound, find) -> None:
    labels = ["pos"] * 5 + ["Pos", "pos "] + ["neg"] * 6
    chunk = frame(prompt=[f"film {n}" for n in range(13)], completion=labels)
    [finding] = find(bound("label-noise"), chunk)
    assert (finding.count, finding.lines) == (2, (7, 8))
    assert (finding.before, finding.after) == ("'Pos'", "'pos'")
    assert set(finding.fix.apply(chunk)["completion"]) == {"pos", "neg"}


def test_labels_at_the_end_of_talks_are_written_alike(frame, bound, find, talk) -> None:
    talks = [talk("q", "yes")] * 6 + [talk("q", "Yes")] + [talk("q", "no")] * 6
    chunk = frame(messages=[*talks, None])
    [finding] = find(bound("label-noise", "chat"), chunk)
    fixed = finding.fix.apply(chunk)["messages"].tolist()
    assert fixed[6] == talk("q", "yes")
    assert talks[6] == talk("q", "Yes")


def test_truth_values_and_numbers_are_written_alike_as_well(frame, bound, find) -> None:
    chunk = frame(
        prompt=["q"] * 30, completion=["True"] * 20 + [True] * 3 + [False, None] * 3 + [0]
    )
    [finding] = find(bound("label-noise"), chunk)
    assert (finding.count, finding.lines) == (3, (22, 23, 24))
    fixed = finding.fix.apply(chunk)
    assert fixed["completion"].tolist() == ["True"] * 23 + [False, None] * 3 + [0]
    assert find(bound("label-noise"), fixed) == []


def test_how_the_formatter_knows_a_label_is_right(frame, bound, find) -> None:
    labels = ["Pos"] * 20 + ["pos"] * 2 + ["POS"] + ["us"] * 3 + ["US"] * 3 + ["Us"]
    chunk = frame(prompt=["q"] * 30, completion=labels)
    mapping = {"pos": "1", "US": "2", "us": "3"}
    [finding] = find(bound("label-noise", mapping=mapping), chunk)
    assert finding.count == 22
    fixed = finding.fix.apply(chunk)["completion"].tolist()
    assert fixed == ["pos"] * 23 + ["us"] * 3 + ["US"] * 3 + ["US"]


def test_the_first_rows_are_named_whatever_their_labels(frame, bound, find) -> None:
    first = frame(prompt=["q"] * 20, completion=["pos"] * 17 + ["POS", "Pos", "Pos"])
    second = frame(22, prompt=["q"] * 20, completion=["Pos", "POS", "Pos", *["neg"] * 17])
    for chunks in ((first, second), (second, first)):
        [finding] = find(bound("label-noise"), *chunks)
        assert (finding.count, finding.lines) == (6, (19, 20, 21, 22, 23))
        assert (finding.before, finding.after) == ("'POS'", "'pos'")


def test_objects_are_no_noise_but_texts_in_brackets_are(frame, bound, find, talk) -> None:
    parts = [[{"type": "text", "text": text}] for text in ("Yes", "yes")]
    assert (
        find(bound("label-noise", "chat"), frame(messages=[talk("q", p) for p in parts * 9])) == []
    )
    chunk = frame(prompt=["q"] * 10, completion=["[POS]"] * 7 + ["[pos]"] * 3)
    [finding] = find(bound("label-noise"), chunk)
    assert finding.count == 3


@pytest.mark.parametrize("rule", ["label-noise", "class-counts", "class-imbalance"])
def test_labels_are_given_up_where_there_are_too_many(frame, bound, rule) -> None:
    validator = bound(rule)
    many = frame(prompt=["q"] * 2000, completion=[f"label {n // 5}" for n in range(2000)])
    state = validator.observe(validator.start(), many)
    assert (state.counts, state.lines) == (None, {})
    named = bound(rule, labels=[f"label {n}" for n in range(400)])
    state = named.observe(named.start(), many)
    assert len(state.counts) == 400


def test_free_text_has_no_label_noise(frame, bound, find) -> None:
    answers = ["Yes it is", "yes it is", "no", "never", "what"]
    assert find(bound("label-noise"), frame(prompt=list("abcde"), completion=answers)) == []


@given(st.lists(st.sampled_from(["a", "A", " a", "b", "B ", "c"]), min_size=20))
def test_one_way_to_write_each_label_is_left(labels) -> None:
    import pandas as pd

    chunk = pd.DataFrame({"prompt": labels, "completion": labels}, dtype=object)
    rule = LabelNoise()
    found = rule.conclude(rule.observe(rule.start(), chunk))
    counts = Counter(labels)
    kinds: dict[str, list[str]] = {}
    for label in counts:
        kinds.setdefault(label.strip().lower(), []).append(label)
    noisy = [kind for kind in kinds.values() if len(kind) > 1]
    assert bool(found) == bool(noisy)
    if found:
        fix = found[0].fix
        assert isinstance(fix.apply, Relabel)
        left = Counter(fix.apply(chunk)["completion"])
        assert {label.strip().lower() for label in left} == set(kinds)
        assert len(left) == len(kinds)
        assert all(
            counts[label] == max(counts[v] for v in kinds[label.strip().lower()]) for label in left
        )


def test_rare_labels_are_told_with_figures(frame, bound, find) -> None:
    labels = ["pos"] * 95 + ["neg"] * 5
    chunk = frame(prompt=[f"film {n}" for n in range(100)], completion=labels)
    [finding] = find(bound("class-imbalance"), chunk)
    assert (finding.count, finding.lines) == (5, (97, 98, 99, 100, 101))
    assert "'neg' 5" in finding.message
    assert "'pos' has 95" in finding.message


@pytest.mark.parametrize("labels", [["a"] * 60 + ["b"] * 40, ["a"] * 100, ["a", "b", "c"]])
def test_labels_that_are_not_rare(frame, bound, find, labels) -> None:
    chunk = frame(prompt=[f"film {n}" for n in range(len(labels))], completion=labels)
    assert find(bound("class-imbalance"), chunk) == []


NFC, NFD = "caf\u00e9", "cafe\u0301"


def completions(frame, labels):
    return frame(prompt=[f"q{n}" for n in range(len(labels))], completion=labels)


@pytest.mark.parametrize(
    ("variants", "right"),
    [
        ([NFC] * 5 + [NFD] * 2, NFC),
        ([NFC] * 2 + [NFD] * 5, NFD),
        ([NFC] * 3 + [NFD] * 3, NFC),
        ([NFD] * 3 + [NFC] * 3, NFC),
        (["CAFE\u0301"] * 3 + [NFC] * 3, NFC),
        (["\u212b"] * 3 + ["\u00c5"] * 3, "\u00c5"),
        (["\ud55c"] * 2 + ["\u1112\u1161\u11ab"] * 2, "\ud55c"),
    ],
)
def test_unicode_forms_of_a_label_are_one_label(frame, bound, find, talk, variants, right) -> None:
    labels = variants + ["other"] * 9
    [finding] = find(bound("label-noise"), completions(frame, labels))
    assert finding.count == len([v for v in variants if v != right])
    assert "differ in case, white space or Unicode form only: " in finding.message
    assert finding.before != finding.after
    fixed = finding.fix.apply(completions(frame, labels))
    assert set(fixed["completion"]) == {right, "other"}
    assert find(bound("label-noise"), fixed) == []
    [finding] = find(bound("label-noise", "chat"), frame(messages=[talk("q", v) for v in labels]))
    fixed = finding.fix.apply(frame(messages=[talk("q", v) for v in labels]))
    assert {messages[-1]["content"] for messages in fixed["messages"]} == {right, "other"}


def test_forms_that_look_alike_are_told_apart_in_the_message(frame, bound, find) -> None:
    [finding] = find(bound("label-noise"), completions(frame, [NFC] * 5 + [NFD] * 5))
    assert finding.message.endswith(r"'cafe\u0301', 'café'")
    assert (finding.before, finding.after) == (r"'cafe\u0301'", "'café'")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "C#"),
        ("1", "\u2460"),
        ("ABC", "\uff21\uff22\uff23"),
        ("Masse", "Ma\u00dfe"),
        ("fi", "\ufb01"),
        ("e", "\u00e9"),
        ("2", "\u00b2"),
        ("yes", "yes\x85"),
        ("yes", "yes\x84"),
        ("a b", "ab"),
    ],
)
def test_labels_that_may_differ_in_meaning_are_two(frame, bound, find, one, other) -> None:
    assert find(bound("label-noise"), completions(frame, [one] * 8 + [other] * 8)) == []
